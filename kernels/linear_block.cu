// SPDX-License-Identifier: Apache-2.0
// Trains linear models of a population, a thread block a member, all steps in one launch.
#include "linear_block.cuh"

#include "cuda/check.hpp"
#include "device/rows_dispatch.cuh"
#include "device/rows_member.cuh"

namespace slalom::cuda {
namespace {

// Computes   for every step of every member: z = X_b W^T + b, the mean loss of the batch and its gradient, clipping,
//            and the update of W, b and the optimiser's state. Formulas: core/losses.hpp, clip.hpp, rules.hpp.
// Work split a block trains a member. A row lies in `lanes` neighbouring lanes of a warp, V pieces of 16 bytes in each;
//            the 32 / lanes rows of each of the block's warps make a pass, ceil(batch / rows of a pass) passes a step.
//            Lanes beyond the row and rows beyond the batch add zeros. Gradients are summed in registers over the
//            passes of a step, then over the rows of a warp by shuffles, then over warps, through shared memory, by
//            the thread that updates the value.
// Memory     X is read from global memory once a step, 16 bytes a lane, into a ring in shared memory four passes ahead
//            (cp.async); lanes read only what they copied: 512 contiguous bytes a warp, no bank conflicts, no barrier.
//            Row numbers run four passes further ahead. Targets and weights come in visiting order, contiguous.
//            Parameters and state stay in shared memory: read and written once a launch. Registers: docs/kernels.md.
// Order      two barriers a step: the gradients of all warps are there; parameters are updated (it also says whether
//            the gradient was finite). Models of up to 64 values skip the second: every warp updates its own copy.
//            Clipping by norm adds one for larger models. Sums are taken in the fixed order described above.
// Bound by   latency: the chain load - dot - shuffles - loss - shuffles - barrier - update of a step. With many
//            members or long rows by memory: a row, its target and its number are read once, 4 (d + 2) bytes.
// Test       tests/cuda/linear_test.cpp and its neighbours; benchmark: epoch_bench, device cuda.
template <int K, int V, int kLanes>
__global__ __launch_bounds__(rows_most_warps(K, V) * kWarp) void linear_block_kernel(const MemberTask* tasks,
                                                                                     const LinearModel model,
                                                                                     const RowsShape shape) {
  extern __shared__ float4 shared[];
  const MemberTask& task = tasks[blockIdx.x];
  if (task.n_rows == 0 || static_cast<int>(threadIdx.x) >= task.plan.warps * kWarp) return;
  TeamBarrier nobody(nullptr, 1);
  RowsMember<KernelShape<K, V, kLanes>, false>(task, model, shape, 0, {}, nobody, reinterpret_cast<char*>(shared))
      .run();
}

}  // namespace

void launch_linear_block(const LinearBlockArguments& a, cudaStream_t stream) {
  if (a.n_members == 0) return;
  with_rows_shape(a.shape, [&]<int K, int V, int kLanes>() {
    const auto kernel = linear_block_kernel<K, V, kLanes>;
    SLALOM_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(a.shared_bytes)));
    kernel<<<static_cast<unsigned>(a.n_members), static_cast<unsigned>(a.warps * kWarp), a.shared_bytes, stream>>>(
        a.tasks, a.model, a.shape);
    SLALOM_CHECK_LAUNCH(linear_block_kernel);
  });
}

}  // namespace slalom::cuda
