// SPDX-License-Identifier: Apache-2.0
// Turns StepBlocks into one launch for the whole population.
#include "cuda/cuda_backend.hpp"

#include <algorithm>
#include <string>

#include <slalom/error.hpp>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

std::int64_t steps_of(const StepBlock& block) {
  const auto rows = static_cast<std::int64_t>(block.rows.size());
  return (rows + block.batch_size - 1) / block.batch_size;
}

Staging::Need need_of(std::span<const StepBlock> blocks) {
  Staging::Need need{.members = static_cast<std::int64_t>(blocks.size())};
  for (const StepBlock& block : blocks) {
    need.rows += static_cast<std::int64_t>(block.rows.size());
    need.steps += steps_of(block);
  }
  return need;
}

/// Makes `device` the one that this thread's CUDA calls go to.
Stream stream_on(const DeviceInfo& device) {
  SLALOM_CHECK(cudaSetDevice(device.index));
  return make_stream();
}

}  // namespace

CudaBackend::CudaBackend(DeviceInfo device, const ModelSpec& spec, const Dataset& train,
                         std::span<const MemberConfig> members, const BackendOptions& options)
    : Backend(spec, static_cast<std::int64_t>(members.size())),
      device_(std::move(device)),
      layout_(spec),
      train_(train),
      stream_(stream_on(device_)),
      data_(train, stream_.get()),
      population_(layout_, members, stream_.get()),
      engine_(make_engine({.device = device_, .spec = spec, .members = members, .precision = options.precision})) {
  SLALOM_CHECK(cudaStreamSynchronize(stream_.get()));
}

std::string CudaBackend::description() const { return "cuda (" + device_.name + ", " + engine_->description() + ")"; }

/// Writes rows, constants and tasks of all members to the staging memory, one member after another.
void CudaBackend::fill(std::span<const StepBlock> blocks) {
  std::int64_t row = 0;
  std::int64_t step = 0;
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    const StepBlock& block = blocks[m];
    const auto member = static_cast<std::int64_t>(m);
    const auto n_rows = static_cast<std::int64_t>(block.rows.size());
    const std::int64_t n_steps = steps_of(block);
    if (static_cast<std::int64_t>(block.learning_rates.size()) != n_steps) {
      throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(block.learning_rates.size()) +
                                           " learning rates for " + std::to_string(n_steps) + " steps");
    }
    std::copy(block.rows.begin(), block.rows.end(), staging_.rows().begin() + row);
    core::StepClock clock = population_.clock(member);
    const std::int64_t first_step = clock.step();
    for (std::int64_t s = 0; s < n_steps; ++s) {
      staging_.constants()[static_cast<std::size_t>(step + s)] =
          core::round_to<float>(clock.advance(block.learning_rates[static_cast<std::size_t>(s)]));
    }
    const MemberConfig& config = population_.config(member);
    staging_.tasks()[m] = {.data = data_.view(),
                           .rows = staging_.device_rows() + row,
                           .n_rows = n_rows,
                           .batch_size = block.batch_size,
                           .parameters = population_.parameters(member),
                           .state = population_.state(member),
                           .constants = staging_.device_constants() + step,
                           .losses = staging_.device_losses() + step,
                           .first_non_finite = staging_.device_flags() + member,
                           .rule = population_.rule(member),
                           .seed = config.seed,
                           .stream = static_cast<std::uint32_t>(config.stream),
                           .first_step = first_step};
    row += n_rows;
    step += n_steps;
  }
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
  fill(blocks);
  staging_.upload(need, stream_.get());
  engine_->run(staging_.tasks().first(blocks.size()), staging_.device_tasks(), stream_.get());
  staging_.download(need, stream_.get());
  return collect(blocks);
}

void CudaBackend::predict(std::int64_t member, const FeatureView& x, std::span<const std::uint32_t> rows,
                          std::span<float> outputs) {
  const bool resident = x.data != nullptr && x.data == train_.features.data();
  prediction_.predict(*engine_,
                      {.parameters = population_.evaluation_parameters(member),
                       .x = x,
                       .resident = resident ? data_.view().x.data : nullptr,
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
