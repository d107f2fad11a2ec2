// SPDX-License-Identifier: Apache-2.0
// Trains linear models with many features or outputs, all steps in one launch.
#include "linear_tiles.cuh"

#include "cuda/check.hpp"
#include "device/tiles_member.cuh"

namespace slalom::cuda {
namespace {

// Computes   what linear_block computes, for models whose gradient does not fit the registers of a warp: more than 16
//            outputs, more than 1024 features, and some between.
// Work split a team of blocks, a matrix of them, trains a member: rows of a batch are split over its rows, columns of X
//            over its columns. A batch is taken in chunks: as many rows as the team's shared memory holds. Of a chunk a
//            block adds its slice's part of the outputs (a row in up to 32 lanes; 4 rows and 4 outputs side by side);
//            then each row's parts are added, by a warp a row, and become loss and derivatives; then a block adds its
//            rows' part of the gradient (a thread owns 16 bytes of 4 outputs and goes over all rows). Every value is
//            updated by one thread of the team.
// Memory     a chunk's tile of X comes into shared memory once (cp.async, the next chunk's while this one is computed)
//            and serves outputs and gradient. Its rows lie without gaps, lanes side by side: no bank conflicts. Weights
//            are staged 16 outputs at a time from the L2 cache; outputs, derivatives, gradients and state go through
//            L2. Rows of which the team's shared memory holds less than four are read twice, slice by slice: more than
//            2400 features a multiprocessor (one output: 6400) with 227 KB each.
// Order      grid barriers: two a chunk if columns are split, three a step (gradients, finiteness and norm,
//            parameters). Every sum has one owner and a fixed order: slices, rows, rows of blocks.
// Bound by   float32 arithmetic and shared memory, 4 batch d k operations a step; memory for few outputs; barriers for
//            small batches.
// Test       tests/cuda/linear_test.cpp and its neighbours.
template <int kOutputs>
__global__ __launch_bounds__(kTileThreads) void linear_tiles_kernel(const LinearTilesArguments a) {
  extern __shared__ float4 shared[];
  const int block = static_cast<int>(blockIdx.x);
  for (int m = 0; m < a.n_members; ++m) {
    const MemberTask& task = a.tasks[m];
    const LaunchPlan plan = task.plan;
    const int rank = block - plan.first_block;
    if (task.n_rows == 0 || rank < 0 || rank >= plan.blocks) continue;
    TeamBarrier barrier(a.counters + m, plan.blocks);
    TilesMember<kOutputs>(task, a.model, rank,
                          tiles_scratch(a.model, plan, a.scratch + plan.first_block * a.scratch_per_block), barrier,
                          reinterpret_cast<char*>(shared))
        .run();
  }
}

template <int kOutputs>
void launch(const LinearTilesArguments& a, cudaStream_t stream) {
  const auto kernel = linear_tiles_kernel<kOutputs>;
  SLALOM_CHECK(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(a.shared_bytes)));
  LinearTilesArguments copy = a;
  void* arguments[] = {&copy};
  SLALOM_CHECK(cudaLaunchCooperativeKernel(kernel, dim3(static_cast<unsigned>(a.blocks)), dim3(kTileThreads), arguments,
                                           a.shared_bytes, stream));
}

}  // namespace

void launch_linear_tiles(const LinearTilesArguments& a, cudaStream_t stream) {
  if (a.n_members == 0) return;
  SLALOM_CHECK(cudaMemsetAsync(a.counters, 0, static_cast<std::size_t>(a.n_members) * sizeof(unsigned), stream));
  if (a.model.n_outputs == 1) {
    launch<1>(a, stream);
  } else {
    launch<4>(a, stream);
  }
}

}  // namespace slalom::cuda
