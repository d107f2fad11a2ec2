// SPDX-License-Identifier: Apache-2.0
// Writes what a launch is told into its staging memory.
#include "cuda/launch_writer.hpp"

#include <algorithm>

#include "core/parallel.hpp"
#include "core/rounding.hpp"
#include "cuda/packed_constants.hpp"

namespace slalom::cuda {
namespace {

constexpr std::int64_t kFeatureAlignment = 8;  ///< floats: every member's rows start on a sector, as a dataset's do

std::int64_t aligned(std::int64_t floats) {
  return (floats + kFeatureAlignment - 1) / kFeatureAlignment * kFeatureAlignment;
}

/// to[i] = from[rows[i]] for rows of `width` values.
template <class T>
void gather(std::span<const std::uint32_t> rows, const T* from, std::int64_t width, T* to, int threads) {
  const auto n = static_cast<std::int64_t>(rows.size());
#pragma omp parallel for num_threads(threads) schedule(static) if (threads > 1)
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

/// Moves `need` by what `n` rows of one member take.
void LaunchWriter::add_rows(std::int64_t n, Staging::Need& need) const {
  const Dataset& train = from_.train;
  const bool streams = from_.resident == nullptr;
  if (streams) {
    need.features += aligned(n * row_stride(train.n_features));
  } else {
    need.rows += n;
  }
  if (!streams && !from_.ordered_inputs) return;
  if (!train.targets.empty()) need.targets += n * train.n_targets;
  if (!train.labels.empty()) need.labels += n;
  if (!train.weights.empty()) need.weights += n;
}

Staging::Need LaunchWriter::need_of(const LaunchParts& parts) const {
  Staging::Need need{.members = static_cast<std::int64_t>(parts.size())};
  for (const LaunchPart& part : parts) {
    add_rows(part.n_rows, need);
    need.steps += part.n_steps;
  }
  if (from_.ordered_inputs) {
    need.constant_values = need.steps * PackedConstants::kFields;
  } else {
    need.constants = need.steps;
  }
  return need;
}

std::int64_t LaunchWriter::most_bytes(std::span<const EpochShape> epochs, std::int64_t bytes) const {
  const LaunchBudget cut = budget(bytes);
  std::int64_t all = 0;
  std::int64_t largest_step = 0;
  for (const EpochShape& epoch : epochs) {
    const std::int64_t batch = std::min(epoch.batch_size, epoch.n_rows);
    const std::int64_t step = batch * cut.row_bytes + cut.step_bytes;
    if (batch > 0) all += core::ceil_div(epoch.n_rows, batch) * step;
    largest_step = std::max(largest_step, step);
  }
  return std::max(std::min(all, bytes), largest_step) + Staging::overhead(static_cast<std::int64_t>(epochs.size()));
}

Staging::Need LaunchWriter::write(std::span<const StepBlock> blocks, const LaunchParts& parts,
                                  std::span<core::StepClock> clocks, const Staging& to) {
  Staging::Need at{.members = static_cast<std::int64_t>(parts.size())};
  std::vector<Staging::Need> begins(parts.size());
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
    begins[m] = at;
    if (part.n_steps == 0) continue;
    write_constants(blocks[m].learning_rates.subspan(static_cast<std::size_t>(part.first_step),
                                                     static_cast<std::size_t>(part.n_steps)),
                    clocks[m], to, at, task);
    add_rows(part.n_rows, at);
    at.steps += part.n_steps;
  }
  const std::int64_t bytes = 4 * (at.rows + at.features + at.targets + at.labels + at.weights);
  core::parallel_for(at.members, threads_for(bytes), [&](std::int64_t member) {
    const auto m = static_cast<std::size_t>(member);
    if (parts[m].n_rows == 0) return;
    const auto rows =
        blocks[m].rows.subspan(static_cast<std::size_t>(parts[m].first_row), static_cast<std::size_t>(parts[m].n_rows));
    write_rows(rows, to, begins[m], to.tasks()[m]);
  });
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

/// The row list, or for streaming the rows themselves; targets in visiting order where they are wanted. `at`: where
/// this member's part begins.
void LaunchWriter::write_rows(std::span<const std::uint32_t> rows, const Staging& to, const Staging::Need& at,
                              MemberTask& task) const {
  const FeatureView x = from_.train.view();
  const bool streams = from_.resident == nullptr;
  OrderedTargets ordered;
  if (streams || from_.ordered_inputs) ordered = write_targets(rows, to, at);
  if (from_.ordered_inputs) task.ordered = ordered;
  if (!streams) {
    task.data = *from_.resident;
    task.rows = to.device_rows() + at.rows;
    std::copy(rows.begin(), rows.end(), to.rows().begin() + at.rows);
    return;
  }
  task.data = {.x = {.data = to.device_features() + at.features, .n_features = x.n_features, .stride = x.stride},
               .targets = ordered.targets,
               .labels = ordered.labels,
               .weights = ordered.weights};
  const std::int64_t n_values = static_cast<std::int64_t>(rows.size()) * x.stride;
  gather(rows, x.data, x.stride, to.features().data() + at.features, threads_for(n_values * 4));
}

OrderedTargets LaunchWriter::write_targets(std::span<const std::uint32_t> rows, const Staging& to,
                                           const Staging::Need& at) const {
  const Dataset& train = from_.train;
  const auto write = [&](const auto& from, std::int64_t width, auto host, const auto* device, std::int64_t offset) {
    if (from.empty()) return decltype(device){nullptr};
    gather(rows, from.data(), width, host.data() + offset,
           threads_for(static_cast<std::int64_t>(rows.size()) * width * 4));
    return device + offset;
  };
  return {.targets = write(train.targets, train.n_targets, to.targets(), to.device_targets(), at.targets),
          .labels = write(train.labels, 1, to.labels(), to.device_labels(), at.labels),
          .weights = write(train.weights, 1, to.weights(), to.device_weights(), at.weights)};
}

}  // namespace slalom::cuda
