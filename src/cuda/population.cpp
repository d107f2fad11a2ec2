// SPDX-License-Identifier: Apache-2.0
// Moves members between host and device.
#include "cuda/population.hpp"

#include <algorithm>
#include <string>

#include <slalom/error.hpp>

#include "core/member_values.hpp"
#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

/// Whether the state before the first step is zero where the parameters are: core::fresh_state.
bool starts_from_zeros(const core::RuleSettings& settings) {
  const core::AlignedValues<float> one_parameter(1, 0.0F);
  const core::AlignedValues<float> state = core::fresh_state(settings, one_parameter, 1);
  return std::all_of(state.begin(), state.end(), [](float value) { return value == 0.0F; });
}

}  // namespace

Population::Population(const ParameterLayout& layout, std::span<const MemberConfig> members, cudaStream_t stream,
                       Shortages* shortages)
    : n_total_(layout.n_total), n_trainable_(layout.n_trainable), stream_(stream) {
  ArenaLayout memory;
  std::vector<std::int64_t> counts;
  for (const MemberConfig& config : members) {
    const core::RuleSettings settings = core::resolve_rule(config.optimizer);
    Member member{.config = config, .settings = settings, .clock = core::StepClock(settings)};
    counts.push_back(n_total_ + n_state(member));
    member.values = memory.add<float>(counts.back());
    members_.push_back(member);
  }
  evaluation_ = memory.add<float>(n_total_);
  arena_ = Arena(memory, MemoryKind::kDevice);
  snapshots_.emplace(counts, shortages, stream_);
  // Memory checkers want the target of a copy on the device to have been written once.
  clear(evaluation_);
  const std::vector<double> zeros(static_cast<std::size_t>(n_total_), 0.0);
  for (std::size_t m = 0; m < members_.size(); ++m) {
    if (starts_from_zeros(members_[m].settings)) {
      clear(members_[m].values);
    } else {
      import_state(static_cast<std::int64_t>(m), {.parameters = zeros});
    }
  }
}

void Population::clear(Piece<float> piece) const {
  SLALOM_CHECK(cudaMemsetAsync(arena_.pointer(piece), 0, arena_.count(piece) * sizeof(float), stream_));
}

DeviceRule Population::rule(std::int64_t member) const {
  const core::RuleSettings& s = at(member).settings;
  return {.rule = s.rule,
          .flags = core::flags_of(s),
          .n_slots = s.n_slots,
          .clip_value = static_cast<float>(s.clip_value),
          .clip_norm = s.clip_norm};
}

float* Population::parameters(std::int64_t member) const { return arena_.pointer(at(member).values); }
float* Population::state(std::int64_t member) const { return parameters(member) + n_total_; }

const float* Population::evaluation_parameters(std::int64_t member) {
  if (at(member).settings.rule != core::Rule::kAveragedSgd) return parameters(member);
  float* scratch = arena_.pointer(evaluation_);
  copy(parameters(member), scratch, static_cast<std::size_t>(n_total_));
  copy(state(member), scratch, static_cast<std::size_t>(n_trainable_));
  return scratch;
}

std::vector<double> Population::download_evaluation_parameters(std::int64_t member) {
  return download(evaluation_parameters(member), n_total_);
}

MemberState Population::export_state(std::int64_t member) const {
  return {.step = at(member).clock.step(),
          .parameters = download(parameters(member), n_total_),
          .optimizer_state = download(state(member), n_state(at(member))),
          .clock = at(member).clock.memory()};
}

void Population::import_state(std::int64_t index, const MemberState& state) {
  Member& member = members_.at(static_cast<std::size_t>(index));
  core::MemberValues<float> values = core::values_of<float>(state, member.settings, static_cast<std::size_t>(n_total_),
                                                            static_cast<std::size_t>(n_trainable_));
  member.clock.reset(state.step, state.clock);
  core::AlignedValues<float>& host = values.parameters;
  host.insert(host.end(), values.state.begin(), values.state.end());
  SLALOM_CHECK(
      cudaMemcpyAsync(parameters(index), host.data(), host.size() * sizeof(float), cudaMemcpyHostToDevice, stream_));
  SLALOM_CHECK(cudaStreamSynchronize(stream_));
}

void Population::save(std::int64_t index, SnapshotSlot slot) {
  Member& member = members_.at(static_cast<std::size_t>(index));
  const auto s = static_cast<std::size_t>(slot);
  member.snapshot_clocks[s] = member.clock;
  snapshots_->save(static_cast<std::size_t>(index), slot, parameters(index));
}

void Population::restore(std::int64_t index, SnapshotSlot slot) {
  Member& member = members_.at(static_cast<std::size_t>(index));
  const auto s = static_cast<std::size_t>(slot);
  if (!member.snapshot_clocks[s]) {
    throw Error(ExitCode::kSoftware, "internal error: restore of a snapshot that was never saved");
  }
  member.clock = *member.snapshot_clocks[s];
  snapshots_->restore(static_cast<std::size_t>(index), slot, parameters(index));
}

void Population::copy(const float* from, float* to, std::size_t count) const {
  SLALOM_CHECK(cudaMemcpyAsync(to, from, count * sizeof(float), cudaMemcpyDeviceToDevice, stream_));
}

std::vector<double> Population::download(const float* from, std::int64_t count) const {
  std::vector<float> values(static_cast<std::size_t>(count));
  if (values.empty()) return {};
  SLALOM_CHECK(cudaMemcpyAsync(values.data(), from, values.size() * sizeof(float), cudaMemcpyDeviceToHost, stream_));
  SLALOM_CHECK(cudaStreamSynchronize(stream_));
  return {values.begin(), values.end()};
}

}  // namespace slalom::cuda
