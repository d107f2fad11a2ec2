// SPDX-License-Identifier: Apache-2.0
// Launches the kernels of models without hidden layers.
#include "cuda/linear_engine.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <slalom/error.hpp>

#include "cuda/check.hpp"
#include "gather.cuh"
#include "linear_block.cuh"
#include "linear_grid.cuh"
#include "linear_tiles.cuh"

namespace slalom::cuda {

LinearEngine::LinearEngine(const ModelSpec& spec, const DeviceLimits& limits, std::int64_t n_members)
    : model_(linear_model(spec)),
      limits_(limits),
      shape_(rows_shape(model_)),
      in_registers_(rows_fit(model_, shape_, limits)) {
  ArenaLayout layout;
  const std::int64_t blocks = in_registers_ ? 2 * std::int64_t{limits_.multiprocessors} : 0;
  gradients_ = layout.add<float>(blocks * rows_pitch(model_));
  losses_ = layout.add<double>(blocks);
  counters_ = layout.add<unsigned>(n_members);
  exchange_ = Arena(layout, MemoryKind::kDevice);
}

std::string LinearEngine::description() const { return "float32"; }

bool LinearEngine::release_training() {
  tiles_ = {};
  return std::exchange(tiles_per_block_, 0) > 0;
}

bool LinearEngine::release_prediction() {
  gathered_ = {};
  return std::exchange(gathered_capacity_, 0) > 0;
}

void LinearEngine::reserve_prediction(std::int64_t rows) {
  if (linear_predict_fits(model_, limits_)) return;
  if (!blas_) blas_ = make_blas();
  if (rows <= gathered_capacity_) return;
  SLALOM_CHECK(cudaDeviceSynchronize());
  release_prediction();  // before the larger memory is made; if the allocation fails, nothing is there
  ArenaLayout layout;
  gathered_rows_ = layout.add<float>(rows * model_.stride);
  gathered_ = Arena(layout, MemoryKind::kDevice);
  gathered_capacity_ = rows;
}

void LinearEngine::prepare(std::span<MemberTask> tasks) {
  for (const MemberTask& task : tasks) {
    if (task.n_rows > kMostRows) {
      throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(task.n_rows) +
                                           " rows in a launch, at most " + std::to_string(kMostRows));
    }
  }
  if (in_registers_) {
    prepare_rows(tasks);
  } else {
    prepare_tiles(tasks);
  }
}

/// Teams lie side by side; when there is no room left, over the same blocks again.
void LinearEngine::place_team(LaunchPlan& plan, int& next) const {
  if (next + plan.blocks > limits_.multiprocessors) next = 0;
  plan.first_block = next;
  next += plan.blocks;
}

void LinearEngine::prepare_rows(std::span<MemberTask> tasks) {
  int next = 0;
  for (MemberTask& task : tasks) {
    task.plan = rows_plan(model_, shape_, task.batch_size, limits_);
    place_team(task.plan, next);
  }
}

void LinearEngine::prepare_tiles(std::span<MemberTask> tasks) {
  int next = 0;
  std::int64_t per_block = 0;
  for (MemberTask& task : tasks) {
    task.plan = tiles_plan(model_, task.batch_size, limits_);
    place_team(task.plan, next);
    const std::int64_t bytes = tiles_scratch_layout(model_, task.plan).bytes;
    per_block = std::max(per_block, (bytes + task.plan.blocks - 1) / task.plan.blocks);
  }
  per_block = (per_block + 255) / 256 * 256;
  if (per_block <= tiles_per_block_) return;
  SLALOM_CHECK(cudaDeviceSynchronize());
  release_training();  // before the larger memory is made; if the allocation fails, nothing is there
  ArenaLayout layout;
  tiles_bytes_ = layout.add<std::byte>(per_block * limits_.multiprocessors);
  tiles_ = Arena(layout, MemoryKind::kDevice);
  tiles_per_block_ = per_block;
}

void LinearEngine::run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) {
  if (in_registers_) {
    run_rows(tasks, device_tasks, stream);
  } else {
    run_tiles(tasks, device_tasks, stream);
  }
}

void LinearEngine::run_rows(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) {
  int warps = 0;
  int blocks = 0;
  unsigned shared_bytes = 0;
  bool shared_batches = false;
  for (const MemberTask& task : tasks) {
    if (task.n_rows == 0) continue;
    const LaunchPlan& plan = task.plan;
    warps = std::max(warps, plan.warps);
    blocks = std::max(blocks, plan.first_block + plan.blocks);
    shared_bytes = std::max(shared_bytes, rows_layout(model_, shape_, plan.warps, task.rule.n_slots).bytes);
    shared_batches = shared_batches || plan.blocks > 1;
  }
  if (warps == 0) return;
  if (!shared_batches) {
    launch_linear_block({.tasks = device_tasks,
                         .n_members = static_cast<int>(tasks.size()),
                         .model = model_,
                         .shape = shape_,
                         .warps = warps,
                         .shared_bytes = shared_bytes},
                        stream);
    return;
  }
  launch_linear_grid({.tasks = device_tasks,
                      .n_members = static_cast<int>(tasks.size()),
                      .model = model_,
                      .shape = shape_,
                      .blocks = blocks,
                      .warps = warps,
                      .shared_bytes = shared_bytes,
                      .gradients = exchange_.pointer(gradients_),
                      .losses = exchange_.pointer(losses_),
                      .counters = exchange_.pointer(counters_)},
                     stream);
}

void LinearEngine::run_tiles(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) {
  int blocks = 0;
  std::int64_t shared_bytes = 0;
  for (const MemberTask& task : tasks) {
    if (task.n_rows == 0) continue;
    blocks = std::max(blocks, task.plan.first_block + task.plan.blocks);
    shared_bytes = std::max(shared_bytes, tiles_layout(model_, task.plan).bytes);
  }
  if (blocks == 0) return;
  launch_linear_tiles({.tasks = device_tasks,
                       .n_members = static_cast<int>(tasks.size()),
                       .model = model_,
                       .blocks = blocks,
                       .shared_bytes = static_cast<unsigned>(shared_bytes),
                       .scratch = tiles_.pointer(tiles_bytes_),
                       .scratch_per_block = tiles_per_block_,
                       .counters = exchange_.pointer(counters_)},
                      stream);
}

void LinearEngine::predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows,
                           std::int64_t n_rows, float* outputs, cudaStream_t stream) {
  const LinearPredictArguments arguments{.model = model_,
                                         .limits = limits_,
                                         .parameters = parameters,
                                         .x = x,
                                         .rows = rows,
                                         .n_rows = n_rows,
                                         .outputs = outputs};
  if (linear_predict_fits(model_, limits_)) {
    launch_linear_predict(arguments, stream);
  } else {
    predict_with_blas(arguments, stream);
  }
}

/// outputs = b + X W^T; to cuBLAS, whose matrices are column-major, outputs^T = b + W X^T.
void LinearEngine::predict_with_blas(const LinearPredictArguments& a, cudaStream_t stream) {
  const float* x = a.x.data;
  if (a.rows != nullptr) {
    float* gathered = gathered_.pointer(gathered_rows_);
    launch_gather({.x = a.x, .rows = a.rows, .n_rows = a.n_rows, .out = gathered}, stream);
    x = gathered;
  }
  launch_fill_bias(a, stream);
  const float one = 1.0F;
  const int d = model_.n_features;
  const int k = model_.n_outputs;
  SLALOM_CHECK(cublasSetStream(blas_.get(), stream));
  SLALOM_CHECK(cublasSgemm(blas_.get(), CUBLAS_OP_T, CUBLAS_OP_N, k, static_cast<int>(a.n_rows), d, &one, a.parameters,
                           d, x, static_cast<int>(a.x.stride), &one, a.outputs, k));
}

}  // namespace slalom::cuda
