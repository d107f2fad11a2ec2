// SPDX-License-Identifier: Apache-2.0
// Turns StepBlocks into one launch for the whole population.
#include "cuda/cuda_backend.hpp"

#include <algorithm>
#include <string>

#include <slalom/error.hpp>

#include "cuda/check.hpp"
#include "cuda/packed_constants.hpp"

namespace slalom::cuda {
namespace {

std::int64_t steps_of(const StepBlock& block) {
  const auto rows = static_cast<std::int64_t>(block.rows.size());
  return (rows + block.batch_size - 1) / block.batch_size;
}

/// Makes `device` the one that this thread's CUDA calls go to.
Stream stream_on(const DeviceInfo& device) {
  SLALOM_CHECK(cudaSetDevice(device.index));
  return make_stream();
}

}  // namespace

CudaBackend::CudaBackend(DeviceInfo device, const ModelSpec& spec, const Dataset& train,
                         std::span<const MemberConfig> members, const BackendOptions& options,
                         std::unique_ptr<DeviceEngine> engine)
    : Backend(spec, static_cast<std::int64_t>(members.size())),
      device_(std::move(device)),
      layout_(spec),
      train_(train),
      stream_(stream_on(device_)),
      population_(layout_, members, stream_.get()),
      engine_(
          engine ? std::move(engine)
                 : make_engine({.device = device_, .spec = spec, .members = members, .precision = options.precision})) {
  resident_.add(train, stream_.get());
  SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
}

std::string CudaBackend::description() const { return "cuda (" + device_.name + ", " + engine_->description() + ")"; }

/// The most that blocks can need.
Staging::Need CudaBackend::need_of(std::span<const StepBlock> blocks) const {
  Staging::Need need{.members = static_cast<std::int64_t>(blocks.size())};
  for (const StepBlock& block : blocks) {
    need.rows += static_cast<std::int64_t>(block.rows.size());
    need.steps += steps_of(block);
  }
  if (!engine_->wants_ordered_inputs()) {
    need.constants = need.steps;
    return need;
  }
  need.constant_values = need.steps * PackedConstants::kFields;
  need.targets = train_.targets.empty() ? 0 : need.rows * train_.n_targets;
  need.labels = train_.labels.empty() ? 0 : need.rows;
  need.weights = train_.weights.empty() ? 0 : need.rows;
  return need;
}

/// Copies targets, labels and weights of the block's rows in visiting order behind those that `at` counts.
void CudaBackend::order_targets(const StepBlock& block, Staging::Need& at, MemberTask& task) const {
  const auto n = static_cast<std::int64_t>(block.rows.size());
  const auto order = [&](const auto& from, auto to, std::int64_t width, std::int64_t& offset) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto row = from.begin() + static_cast<std::int64_t>(block.rows[static_cast<std::size_t>(i)]) * width;
      std::copy(row, row + width, to.begin() + offset + i * width);
    }
    offset += n * width;
  };
  task.ordered = {};
  if (!train_.targets.empty()) {
    task.ordered.targets = staging_.device_targets() + at.targets;
    order(train_.targets, staging_.targets(), train_.n_targets, at.targets);
  }
  if (!train_.labels.empty()) {
    task.ordered.labels = staging_.device_labels() + at.labels;
    order(train_.labels, staging_.labels(), 1, at.labels);
  }
  if (!train_.weights.empty()) {
    task.ordered.weights = staging_.device_weights() + at.weights;
    order(train_.weights, staging_.weights(), 1, at.weights);
  }
}

/// Writes rows, constants and tasks of all members to the staging memory, one member after another; returns how much.
Staging::Need CudaBackend::fill(std::span<const StepBlock> blocks) {
  const bool ordered = engine_->wants_ordered_inputs();
  const DeviceData* data = resident_.find(train_.view());
  Staging::Need at{.members = static_cast<std::int64_t>(blocks.size())};
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    const StepBlock& block = blocks[m];
    const auto member = static_cast<std::int64_t>(m);
    const auto n_rows = static_cast<std::int64_t>(block.rows.size());
    const std::int64_t n_steps = steps_of(block);
    if (static_cast<std::int64_t>(block.learning_rates.size()) != n_steps) {
      throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(block.learning_rates.size()) +
                                           " learning rates for " + std::to_string(n_steps) + " steps");
    }
    std::copy(block.rows.begin(), block.rows.end(), staging_.rows().begin() + at.rows);
    core::StepClock clock = population_.clock(member);
    const std::int64_t first_step = clock.step();
    constants_.clear();
    for (const double rate : block.learning_rates) constants_.push_back(core::round_to<float>(clock.advance(rate)));
    const MemberConfig& config = population_.config(member);
    MemberTask& task = staging_.tasks()[m];
    task = {.data = *data,
            .rows = staging_.device_rows() + at.rows,
            .n_rows = n_rows,
            .batch_size = block.batch_size,
            .parameters = population_.parameters(member),
            .state = population_.state(member),
            .constants = nullptr,
            .losses = staging_.device_losses() + at.steps,
            .first_non_finite = staging_.device_flags() + member,
            .rule = population_.rule(member),
            .ordered = {},
            .packed = {},
            .plan = {},
            .seed = config.seed,
            .stream = static_cast<std::uint32_t>(config.stream),
            .first_step = first_step};
    if (!ordered) {
      task.constants = staging_.device_constants() + at.steps;
      std::copy(constants_.begin(), constants_.end(), staging_.constants().begin() + at.constants);
      at.constants += n_steps;
    } else if (n_steps > 0) {
      order_targets(block, at, task);
      const std::int64_t n_values = pack_constants(
          constants_, staging_.constant_values().subspan(static_cast<std::size_t>(at.constant_values)), task.packed);
      task.packed.values = staging_.device_constant_values() + at.constant_values;
      at.constant_values += n_values;
    }
    at.rows += n_rows;
    at.steps += n_steps;
  }
  engine_->prepare(staging_.tasks().first(blocks.size()));
  return at;
}

/// Reads losses and flags, and moves every clock by the steps that were done.
std::vector<BlockResult> CudaBackend::collect(std::span<const StepBlock> blocks) {
  std::vector<BlockResult> results(blocks.size());
  std::int64_t step = 0;
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    BlockResult& result = results[m];
    const std::int64_t n_steps = steps_of(blocks[m]);
    result.first_non_finite = staging_.flags()[m];
    const bool bad = result.first_non_finite >= 0;
    const auto first = staging_.losses().begin() + step;
    result.losses.assign(first, first + (bad ? result.first_non_finite + 1 : n_steps));
    core::StepClock& clock = population_.clock(static_cast<std::int64_t>(m));
    const std::int64_t done = bad ? result.first_non_finite : n_steps;
    for (std::int64_t s = 0; s < done; ++s) clock.advance(blocks[m].learning_rates[static_cast<std::size_t>(s)]);
    step += n_steps;
  }
  return results;
}

std::vector<BlockResult> CudaBackend::run(std::span<const StepBlock> blocks) {
  if (static_cast<std::int64_t>(blocks.size()) != n_members()) {
    throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(blocks.size()) + " blocks for " +
                                         std::to_string(n_members()) + " members");
  }
  const Staging::Need need = need_of(blocks);
  if (need.steps == 0) return std::vector<BlockResult>(blocks.size());
  std::int64_t largest_batch = 1;
  for (const StepBlock& block : blocks) {
    largest_batch = std::max(largest_batch, std::min(block.batch_size, static_cast<std::int64_t>(block.rows.size())));
  }
  staging_.reserve(need, stream_.get());
  engine_->reserve(largest_batch);
  const Staging::Need used = fill(blocks);
  staging_.upload(used, stream_.get());
  engine_->run(staging_.tasks().first(blocks.size()), staging_.device_tasks(), stream_.get());
  staging_.download(used, stream_.get());
  return collect(blocks);
}

void CudaBackend::predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
                          std::span<float> outputs) {
  const DeviceData* resident = resident_.find(x);
  prediction_.predict(*engine_,
                      {.parameters = population_.evaluation_parameters(member),
                       .x = x,
                       .resident = resident != nullptr ? resident->x.data : nullptr,
                       .rows = rows,
                       .n_outputs = spec().n_outputs,
                       .outputs = outputs},
                      stream_.get());
}

MemberState CudaBackend::export_state(std::int64_t member) const { return population_.export_state(member); }
void CudaBackend::import_state(std::int64_t member, const MemberState& state) {
  population_.import_state(member, state);
}
std::vector<double> CudaBackend::evaluation_parameters(std::int64_t member) const {
  return population_.download_evaluation_parameters(member);
}
void CudaBackend::save(std::int64_t member, SnapshotSlot slot) { population_.save(member, slot); }
void CudaBackend::restore(std::int64_t member, SnapshotSlot slot) { population_.restore(member, slot); }

}  // namespace slalom::cuda
