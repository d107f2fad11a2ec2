// SPDX-License-Identifier: Apache-2.0
// Writes what a launch is told into its staging memory.
#include "cuda/launch_writer.hpp"

#include <algorithm>

#include "cuda/packed_constants.hpp"

namespace slalom::cuda {
namespace {

constexpr std::int64_t kFeatureAlignment = 8;    ///< floats: every member's rows start on a sector, as a dataset's do
constexpr std::int64_t kWorthThreads = 1 << 18;  ///< bytes

std::int64_t aligned(std::int64_t floats) {
  return (floats + kFeatureAlignment - 1) / kFeatureAlignment * kFeatureAlignment;
}

/// to[i] = from[rows[i]] for rows of `width` values; by `threads` threads if there is much to copy.
template <class T>
void gather(std::span<const std::uint32_t> rows, const T* from, std::int64_t width, T* to,
            [[maybe_unused]] int threads) {
  const auto n = static_cast<std::int64_t>(rows.size());
  [[maybe_unused]] const bool much = n * width * static_cast<std::int64_t>(sizeof(T)) >= kWorthThreads;
#pragma omp parallel for num_threads(threads) schedule(static) if (much)
  for (std::int64_t i = 0; i < n; ++i) {
    std::copy_n(from + static_cast<std::int64_t>(rows[static_cast<std::size_t>(i)]) * width, width, to + i * width);
  }
}

}  // namespace

LaunchBudget LaunchWriter::budget(std::int64_t bytes) const {
  LaunchBudget budget{
      .bytes = bytes, .row_bytes = 0, .step_bytes = sizeof(core::StepConstants<float>) + sizeof(double)};
  const bool streams = from_.resident == nullptr;
  if (streams) {
    budget.row_bytes += row_stride(from_.train.n_features) * 4;
    budget.step_bytes += kFeatureAlignment * 4;  // gaps between members
  } else {
    budget.row_bytes += 4;
  }
  if (streams || from_.ordered_inputs) {
    if (!from_.train.targets.empty()) budget.row_bytes += from_.train.n_targets * 4;
    if (!from_.train.labels.empty()) budget.row_bytes += 4;
    if (!from_.train.weights.empty()) budget.row_bytes += 4;
  }
  return budget;
}

Staging::Need LaunchWriter::need_of(const LaunchParts& parts) const {
  const bool streams = from_.resident == nullptr;
  Staging::Need need{.members = static_cast<std::int64_t>(parts.size())};
  std::int64_t rows = 0;
  for (const LaunchPart& part : parts) {
    rows += part.n_rows;
    need.steps += part.n_steps;
    if (streams) need.features += aligned(part.n_rows * row_stride(from_.train.n_features));
  }
  if (!streams) need.rows = rows;
  (from_.ordered_inputs ? need.constant_values : need.constants) =
      need.steps * (from_.ordered_inputs ? PackedConstants::kFields : 1);
  if (streams || from_.ordered_inputs) {
    need.targets = from_.train.targets.empty() ? 0 : rows * from_.train.n_targets;
    need.labels = from_.train.labels.empty() ? 0 : rows;
    need.weights = from_.train.weights.empty() ? 0 : rows;
  }
  return need;
}

Staging::Need LaunchWriter::write(std::span<const StepBlock> blocks, const LaunchParts& parts,
                                  std::span<core::StepClock> clocks, const Staging& to) {
  Staging::Need at{.members = static_cast<std::int64_t>(parts.size())};
  for (std::size_t m = 0; m < parts.size(); ++m) {
    const LaunchPart& part = parts[m];
    const auto member = static_cast<std::int64_t>(m);
    const MemberConfig& config = from_.population.config(member);
    MemberTask& task = to.tasks()[m];
    task = {.data = {},
            .rows = nullptr,
            .n_rows = part.n_rows,
            .batch_size = blocks[m].batch_size,
            .parameters = from_.population.parameters(member),
            .state = from_.population.state(member),
            .constants = nullptr,
            .losses = to.device_losses() + at.steps,
            .first_non_finite = to.device_flags() + member,
            .rule = from_.population.rule(member),
            .ordered = {},
            .packed = {},
            .plan = {},
            .seed = config.seed,
            .stream = static_cast<std::uint32_t>(config.stream),
            .first_step = clocks[m].step()};
    if (part.n_steps == 0) continue;
    const auto first_row = static_cast<std::size_t>(part.first_row);
    const auto first_step = static_cast<std::size_t>(part.first_step);
    write_rows(blocks[m].rows.subspan(first_row, static_cast<std::size_t>(part.n_rows)), to, at, task);
    write_constants(blocks[m].learning_rates.subspan(first_step, static_cast<std::size_t>(part.n_steps)), clocks[m], to,
                    at, task);
    at.steps += part.n_steps;
  }
  return at;
}

void LaunchWriter::write_constants(std::span<const double> rates, core::StepClock& clock, const Staging& to,
                                   Staging::Need& at, MemberTask& task) {
  constants_.clear();
  for (const double rate : rates) constants_.push_back(core::round_to<float>(clock.advance(rate)));
  if (!from_.ordered_inputs) {
    task.constants = to.device_constants() + at.constants;
    std::copy(constants_.begin(), constants_.end(), to.constants().begin() + at.constants);
    at.constants += static_cast<std::int64_t>(constants_.size());
    return;
  }
  const std::int64_t n_values = pack_constants(
      constants_, to.constant_values().subspan(static_cast<std::size_t>(at.constant_values)), task.packed);
  task.packed.values = to.device_constant_values() + at.constant_values;
  at.constant_values += n_values;
}

/// The row list, or for streaming the rows themselves; targets in visiting order where they are wanted.
void LaunchWriter::write_rows(std::span<const std::uint32_t> rows, const Staging& to, Staging::Need& at,
                              MemberTask& task) const {
  const auto n = static_cast<std::int64_t>(rows.size());
  const FeatureView x = from_.train.view();
  const bool streams = from_.resident == nullptr;
  OrderedTargets ordered;
  if (streams || from_.ordered_inputs) ordered = write_targets(rows, to, at);
  if (from_.ordered_inputs) task.ordered = ordered;
  if (!streams) {
    task.data = *from_.resident;
    task.rows = to.device_rows() + at.rows;
    std::copy(rows.begin(), rows.end(), to.rows().begin() + at.rows);
    at.rows += n;
    return;
  }
  task.data = {.x = {.data = to.device_features() + at.features, .n_features = x.n_features, .stride = x.stride},
               .targets = ordered.targets,
               .labels = ordered.labels,
               .weights = ordered.weights};
  gather(rows, x.data, x.stride, to.features().data() + at.features, from_.threads);
  at.features += aligned(n * x.stride);
}

OrderedTargets LaunchWriter::write_targets(std::span<const std::uint32_t> rows, const Staging& to,
                                           Staging::Need& at) const {
  const Dataset& train = from_.train;
  const auto n = static_cast<std::int64_t>(rows.size());
  OrderedTargets ordered;
  const auto write = [&](const auto& from, std::int64_t width, auto host, auto* device, std::int64_t& offset) {
    if (from.empty()) return decltype(device){nullptr};
    gather(rows, from.data(), width, host.data() + offset, from_.threads);
    device += offset;
    offset += n * width;
    return device;
  };
  ordered.targets = write(train.targets, train.n_targets, to.targets(), to.device_targets(), at.targets);
  ordered.labels = write(train.labels, 1, to.labels(), to.device_labels(), at.labels);
  ordered.weights = write(train.weights, 1, to.weights(), to.device_weights(), at.weights);
  return ordered;
}

}  // namespace slalom::cuda
