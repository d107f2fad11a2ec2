// SPDX-License-Identifier: Apache-2.0
// Loss, derivative and (for cross-entropy) softmax of a batch, the step's mean loss, and the verdict on it, in one
// launch.
#include "loss.cuh"

#include <algorithm>
#include <bit>

#include <slalom/dataset.hpp>

#include "core/losses.hpp"
#include "cuda/check.hpp"
#include "device/batch_row.cuh"
#include "device/block_sum.cuh"
#include "device/lanes.cuh"
#include "device/number.cuh"
#include "device/quad.cuh"

namespace slalom::cuda {
namespace {

constexpr int kThreads = 256;
static_assert(kMostLossBlocks <= kThreads, "the last block gives each partial sum a thread");

/// Writes the derivatives of one row's lane, each times `scale`, and returns the lane's share of the row's loss.
template <class T>
__device__ double row_loss(const LossArguments& a, const float* z, std::int64_t row, float scale, T* delta,
                           const LaneGroup& lanes, bool& bad) {
  const auto write = [&](std::int64_t j, float derivative) {
    const float scaled = scale * derivative;
    bad = bad || !isfinite(scaled);
    store_element(delta + j, scaled);
  };
  const DeviceData& data = a.control->task.data;
  if (a.kind == LossKind::kCrossEntropy) {
    const float loss = core::cross_entropy(z, a.n_outputs, data.labels[row], lanes, write);
    return lanes.rank() == 0 ? static_cast<double>(loss) : 0.0;
  }
  double sum = 0.0;
  for (std::int64_t j = lanes.rank(); j < a.n_outputs; j += lanes.size()) {
    const core::LossPair<float> pair =
        core::pointwise_loss(a.kind, z[j], data.targets[row * a.n_outputs + j], a.constant);
    sum += static_cast<double>(pair.loss);
    write(j, pair.derivative);
  }
  return sum;
}

/// The last block to arrive: adds the blocks' sums, records the loss and decides whether the step counts.
__device__ void finish_step(const LossArguments& a, double terms) {
  const volatile double* partials = a.partials;
  double loss = threadIdx.x < gridDim.x ? partials[threadIdx.x] : 0.0;
  loss = block_sum<kThreads>(loss) / terms;
  if (threadIdx.x != 0) return;
  StepControl& control = *a.control;
  const MemberTask& task = control.task;
  const bool bad = atomicExch(&control.bad_derivative, 0) != 0 || !isfinite(loss);
  atomicExch(&control.finished_blocks, 0U);
  control.update_step = control.step;
  const bool stopped = *task.first_non_finite >= 0;
  if (!stopped) {
    task.losses[control.step] = loss;
    if (bad) *task.first_non_finite = static_cast<std::int32_t>(control.step);
  }
  control.active = !stopped && !bad ? 1 : 0;
}

// Computes   the loss of every row and its derivative by the outputs times weight / (B or B * outputs), the scales of
//            cpu/batch_loss.hpp, and from them the batch's mean loss sum(weight * loss) / B.
// Work split a row is shared by the next power of two lanes of its outputs, at most a warp; a block of 256 threads
//            takes 256 / lanes rows a turn, the grid (at most 256 blocks) goes over the rows.
// Memory     lanes read neighbouring outputs and targets; labels, weights and row numbers 4 bytes a row.
// Order      a thread adds its rows in order in float64; threads pairwise (block_sum); the block that finishes last (an
//            integer ticket) adds the blocks' sums pairwise in block order. So the loss does not depend on which is
//            last.
// Bound by   latency at usual batch sizes; else memory, 12 bytes an output.
// Test       tests/cuda/loss_kernel_test.cpp
template <class T>
__global__ void __launch_bounds__(kThreads) loss_kernel(const LossArguments a, std::int64_t stride, int width) {
  const MemberTask& task = a.control->task;
  const std::int64_t step = a.control->step;
  const LaneGroup lanes = LaneGroup::alone(static_cast<int>(threadIdx.x) % kWarp, width);
  const std::int64_t rows_per_block = kThreads / width;
  const bool by_row = a.kind == LossKind::kCrossEntropy;
  const std::int64_t terms = by_row ? a.n_rows : a.n_rows * a.n_outputs;
  double sum = 0.0;
  bool bad = false;
  for (std::int64_t i = blockIdx.x * rows_per_block + threadIdx.x / width; i < a.n_rows;
       i += gridDim.x * rows_per_block) {
    const std::int64_t row = batch_row(task, step, i);
    const float weight = task.data.weights == nullptr ? 1.0F : task.data.weights[row];
    const float scale = weight / static_cast<float>(terms);
    T* delta = static_cast<T*>(a.delta.data) + i * a.delta.stride;
    sum += static_cast<double>(weight) * row_loss(a, a.outputs + i * stride, row, scale, delta, lanes, bad);
  }
  if (bad) atomicOr(&a.control->bad_derivative, 1);
  sum = block_sum<kThreads>(sum);
  __shared__ bool last;
  if (threadIdx.x == 0) {
    *static_cast<volatile double*>(a.partials + blockIdx.x) = sum;
    __threadfence();
    last = atomicAdd(&a.control->finished_blocks, 1U) == gridDim.x - 1;
  }
  __syncthreads();
  if (!last) return;
  __threadfence();
  finish_step(a, static_cast<double>(terms));
}

}  // namespace

void launch_loss(const LossArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const auto width =
      static_cast<int>(std::min<std::uint64_t>(32, std::bit_ceil(static_cast<std::uint64_t>(arguments.n_outputs))));
  const std::int64_t rows_per_block = kThreads / width;
  const std::int64_t blocks =
      std::min<std::int64_t>((arguments.n_rows + rows_per_block - 1) / rows_per_block, kMostLossBlocks);
  const auto grid = static_cast<unsigned>(blocks);
  const std::int64_t stride = row_stride(arguments.n_outputs);
  with_number(arguments.delta.number,
              [&]<class T>() { loss_kernel<T><<<grid, kThreads, 0, stream>>>(arguments, stride, width); });
  SLALOM_CHECK_LAUNCH(loss_kernel);
}

}  // namespace slalom::cuda
