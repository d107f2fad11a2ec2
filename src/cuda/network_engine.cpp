// SPDX-License-Identifier: Apache-2.0
// Cuts a member's steps into graphs, and predictions into pieces.
#include "cuda/network_engine.hpp"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "cuda/check.hpp"
#include "cuda/network_pass.hpp"
#include "member_copy.cuh"
#include "unpad.cuh"

namespace slalom::cuda {

NetworkEngine::NetworkEngine(const ModelSpec& spec, const NetworkOptions& options, Shortages* shortages)
    : shape_(spec, options), blas_(make_blas_lt()), own_stream_(make_stream()), shortages_(shortages) {}

std::string NetworkEngine::description() const {
  return "cuBLASLt products in graphs of steps, " + std::string(name_of(shape_.options.precision));
}

bool NetworkEngine::release_training() {
  graphs_.clear();  // they hold addresses of the memory that goes
  return std::exchange(training_, {}).rows > 0;
}

bool NetworkEngine::release_prediction() { return std::exchange(prediction_, {}).rows > 0; }

/// Memory to work on for the largest batch of the tasks. Graphs that work on less are dropped.
void NetworkEngine::make_room(std::span<const MemberTask> tasks) {
  std::int64_t rows = 0;
  for (const MemberTask& task : tasks) rows = std::max(rows, std::min(task.batch_size, task.n_rows));
  if (rows <= training_.rows) return;
  SLALOM_CHECK(cudaDeviceSynchronize());
  release_training();
  training_ = TrainingMemory(shape_, rows, own_stream_.get());
  SLALOM_CHECK(cudaStreamSynchronize(own_stream_.get()));
}

/// Calls make_graphs() with ever shorter graphs, until there is memory for them.
template <class MakeGraphs>
void NetworkEngine::shorten_until(MakeGraphs&& make_graphs) {
  while (true) {
    try {
      return make_graphs();
    } catch (const OutOfMemory& shortage) {
      if (graph_steps_ == 1) throw;
      SLALOM_CHECK(cudaDeviceSynchronize());  // they may be running
      graph_steps_ /= 2;
      std::erase_if(graphs_, [&](const auto& entry) { return entry.first.steps > graph_steps_; });
      if (shortages_ != nullptr) shortages_->add(shortage, "graphs of fewer steps are used");
    }
  }
}

void NetworkEngine::reserve(std::span<MemberTask> epochs) {
  make_room(epochs);
  shorten_until([&] {
    for (const MemberTask& epoch : epochs) {
      for_each_graph_within(epoch, [&](const GraphKey& key) {
        if (!graphs_.contains(key)) graph_of(key).upload(own_stream_.get());
      });
    }
    SLALOM_CHECK(cudaStreamSynchronize(own_stream_.get()));
  });
}

void NetworkEngine::prepare(std::span<MemberTask> tasks) {
  make_room(tasks);
  shorten_until([&] {
    for (const MemberTask& task : tasks) {
      if (task.n_rows > 0) for_each_graph(task, [&](const GraphKey& key) { graph_of(key); });
    }
  });
}

/// Calls visit(key) for every graph that runs the task, in order.
template <class Visit>
void NetworkEngine::for_each_graph(const MemberTask& task, Visit&& visit) const {
  std::int64_t done = 0;
  const auto add = [&](std::int64_t rows, std::int64_t steps) {
    visit(GraphKey{.rows = rows,
                   .steps = steps,
                   .parity = static_cast<std::size_t>(done % 2),
                   .clips_norm = task.rule.clip_norm > 0.0});
    done += steps;
  };
  const std::int64_t whole_batches = task.n_rows / task.batch_size;
  for (std::int64_t steps = graph_steps_; steps > 0; steps /= 2) {
    while (whole_batches - done >= steps) add(task.batch_size, steps);
  }
  if (task.n_rows % task.batch_size > 0) add(task.n_rows % task.batch_size, 1);
}

/// Calls visit(key) for every graph that runs a part of the epoch, wherever it begins and ends.
template <class Visit>
void NetworkEngine::for_each_graph_within(const MemberTask& epoch, Visit&& visit) const {
  GraphKey key{.rows = epoch.batch_size, .clips_norm = epoch.rule.clip_norm > 0.0};
  const std::int64_t whole_batches = epoch.n_rows / epoch.batch_size;
  for (key.steps = graph_steps_; key.steps > 1; key.steps /= 2) {
    if (whole_batches >= key.steps) visit(key);
  }
  if (whole_batches > 0) visit(key);
  // An odd number of steps comes before it only where the longest graphs have one step.
  key.parity = 1;
  if (graph_steps_ == 1 && whole_batches > 1) visit(key);
  key.rows = epoch.n_rows % epoch.batch_size;
  if (key.rows == 0) return;
  if (whole_batches > 0) visit(key);
  key.parity = 0;
  visit(key);
}

void NetworkEngine::reserve_prediction(std::int64_t rows) {
  // Whole powers of two, as predict() plans products: its numbers must not depend on what was predicted before.
  rows = std::min(static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(rows))), kPredictionRows);
  if (rows <= prediction_.rows) return;
  SLALOM_CHECK(cudaDeviceSynchronize());
  release_prediction();
  prediction_ = PredictionMemory(shape_, rows, own_stream_.get());
  SLALOM_CHECK(cudaStreamSynchronize(own_stream_.get()));
}

const std::vector<LayerPlans>& NetworkEngine::plans_of(std::int64_t rows) {
  const auto found = plans_.find(rows);
  if (found != plans_.end()) return found->second;
  return plans_.emplace(rows, training_plans(blas_.get(), shape_, rows)).first->second;
}

const std::vector<ForwardPlan>& NetworkEngine::prediction_plans_of(std::int64_t rows) {
  const auto found = prediction_plans_.find(rows);
  if (found != prediction_plans_.end()) return found->second;
  return prediction_plans_.emplace(rows, prediction_plans(blas_.get(), shape_, rows)).first->second;
}

const RecordedGraph& NetworkEngine::graph_of(const GraphKey& key) {
  const auto found = graphs_.find(key);
  if (found != graphs_.end()) return found->second;
  const std::vector<LayerPlans>& plans = plans_of(key.rows);
  const BlasContext blas{.handle = blas_.get(), .workspace = training_.workspace, .stream = own_stream_.get()};
  RecordedGraph graph(own_stream_.get(), [&] {
    for (std::int64_t s = 0; s < key.steps; ++s) {
      const std::size_t parity = (key.parity + static_cast<std::size_t>(s)) % 2;
      TrainingStep{shape_, training_, plans, key.rows, parity, key.clips_norm, blas}.enqueue();
    }
  });
  return graphs_.emplace(key, std::move(graph)).first->second;
}

void NetworkEngine::run(std::span<const MemberTask> tasks, const MemberTask* device_tasks, cudaStream_t stream) {
  for (std::size_t m = 0; m < tasks.size(); ++m) {
    if (tasks[m].n_rows > 0) run_member(tasks[m], device_tasks + m, stream);
  }
}

void NetworkEngine::run_member(const MemberTask& task, const MemberTask* device_task, cudaStream_t stream) {
  const ParameterLayout& layout = shape_.layout;
  launch_member_load({.task = device_task,
                      .control = training_.control,
                      .n_total = layout.n_total,
                      .n_trainable = layout.n_trainable,
                      .parameters = training_.parameters[0],
                      .products = training_.products,
                      .half_parameters = training_.half_parameters},
                     stream);
  std::int64_t done = 0;
  for_each_graph(task, [&](const GraphKey& key) {
    graph_of(key).launch(stream);
    ++graph_launches_;
    done += key.steps;
  });
  launch_member_store({.control = training_.control,
                       .n_steps = done,
                       .n_total = layout.n_total,
                       .n_trainable = layout.n_trainable,
                       .parameters = {training_.parameters[0], training_.parameters[1]},
                       .odd_state = training_.odd_state},
                      stream);
}

void NetworkEngine::predict(const float* parameters, const DeviceFeatures& x, const std::uint32_t* rows,
                            std::int64_t n_rows, float* outputs, cudaStream_t stream) {
  ParameterPointers pointers{.master = parameters, .compute = parameters};
  if (shape_.halves()) {
    launch_half_copy({.values = parameters,
                      .count = shape_.layout.n_trainable,
                      .products = prediction_.products,
                      .halves = prediction_.half_parameters},
                     stream);
    pointers.compute = prediction_.half_parameters;
  }
  const std::int64_t n_outputs = shape_.spec.n_outputs;
  for (std::int64_t start = 0; start < n_rows; start += prediction_.rows) {
    const std::int64_t n = std::min(prediction_.rows, n_rows - start);
    DeviceFeatures piece = x;
    if (rows == nullptr) piece.data += start * x.stride;
    // A product of the next power of two of rows, so that few shapes are ever planned; what lies behind row n is not
    // read.
    const auto planned =
        std::min(prediction_.rows, static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(n))));
    PredictionPass{.shape = shape_,
                   .memory = prediction_,
                   .plans = prediction_plans_of(planned),
                   .parameters = pointers,
                   .x = piece,
                   .rows = rows == nullptr ? nullptr : rows + start,
                   .n_rows = n,
                   .blas = {.handle = blas_.get(), .workspace = prediction_.workspace, .stream = stream}}
        .enqueue();
    launch_unpad(
        {.from = prediction_.layers.back().z, .n_rows = n, .units = n_outputs, .to = outputs + start * n_outputs},
        stream);
  }
}

}  // namespace slalom::cuda
