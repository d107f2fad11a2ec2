// SPDX-License-Identifier: Apache-2.0
// Trains linear models whose batches are large, several thread blocks a member, all steps in one launch.
#include "linear_grid.cuh"

#include "cuda/check.hpp"
#include "device/rows_dispatch.cuh"
#include "device/rows_member.cuh"

namespace slalom::cuda {
namespace {

/// The task in shared memory, copied by the whole block.
__device__ const MemberTask& shared_copy(const MemberTask& task, float4* shared) {
  static_assert(sizeof(MemberTask) % sizeof(int) == 0);
  constexpr int kWords = sizeof(MemberTask) / sizeof(int);
  for (int i = static_cast<int>(threadIdx.x); i < kWords; i += static_cast<int>(blockDim.x)) {
    reinterpret_cast<int*>(shared)[i] = reinterpret_cast<const int*>(&task)[i];
  }
  __syncthreads();
  return *reinterpret_cast<const MemberTask*>(shared);
}

// Computes   what linear_block computes.
// Work split a team of plan.blocks blocks, from plan.first_block on, trains a member; a pass over the rows of a batch
//            is dealt out over the warps of all of them. Teams work side by side; every block goes through all members
//            in order and takes part in those whose team it is in, so that no two teams can wait for each other. A
//            team's size is the member's own (rows_plan): spreading few members wider would change their sums' order.
// Memory     as linear_block. A block's gradient goes to global memory, and the others read it from the L2 cache: all
//            of it, blocks * slots * 4 bytes a block, or first a share of each and then the sums, 8 * slots bytes a
//            block (TeamExchange).
// Order      one grid barrier a step, between writing and reading gradients, or two, the second after adding shares;
//            every block then makes the same update to its own copy of the parameters, which needs no further one. The
//            next batch is on its way while blocks wait. Gradients are added warp by warp, then block by block in a
//            fixed order (in several parts of the blocks first, if there are threads to spare).
// Bound by   memory for large batches, 4 (d + 2) bytes a row; barriers, about 1.5 us each, for small ones.
// Test       tests/cuda/linear_test.cpp and its neighbours; benchmark: epoch_bench, device cuda.
template <int K, int V, int kLanes>
__global__ __launch_bounds__(rows_most_warps(K, V) * kWarp) void linear_grid_kernel(const LinearGridArguments a) {
  extern __shared__ float4 shared[];
  const int block = static_cast<int>(blockIdx.x);
  for (int m = 0; m < a.n_members; ++m) {
    const LaunchPlan plan = a.tasks[m].plan;
    const int rank = block - plan.first_block;
    if (a.tasks[m].n_rows == 0 || rank < 0 || rank >= plan.blocks) continue;
    const MemberTask& task = shared_copy(a.tasks[m], shared);
    if (static_cast<int>(threadIdx.x) < plan.warps * kWarp) {
      TeamBarrier barrier(a.counters + m, plan.blocks);
      const TeamExchange exchange{.gradients = a.gradients,
                                  .losses = a.losses,
                                  .first_block = plan.first_block,
                                  .grid_blocks = static_cast<int>(gridDim.x)};
      RowsMember<KernelShape<K, V, kLanes>, true> member(task, a.model, a.shape, rank, exchange, barrier,
                                                         reinterpret_cast<char*>(shared));
      member.run();
      barrier.sync(Crew{plan.warps});  // the scratch of this block is free again
    }
    __syncthreads();
  }
}

}  // namespace

void launch_linear_grid(const LinearGridArguments& a, cudaStream_t stream) {
  if (a.n_members == 0) return;
  SLALOM_CHECK(cudaMemsetAsync(a.counters, 0, static_cast<std::size_t>(a.n_members) * sizeof(unsigned), stream));
  with_rows_shape(a.shape, [&]<int K, int V, int kLanes>() {
    const auto kernel = linear_grid_kernel<K, V, kLanes>;
    SLALOM_CHECK(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(a.shared_bytes)));
    LinearGridArguments copy = a;
    void* arguments[] = {&copy};
    SLALOM_CHECK(cudaLaunchCooperativeKernel(kernel, dim3(static_cast<unsigned>(a.blocks)),
                                             dim3(static_cast<unsigned>(a.warps * kWarp)), arguments, a.shared_bytes,
                                             stream));
  });
}

}  // namespace slalom::cuda
