// SPDX-License-Identifier: Apache-2.0
// Small probes of the machine and the bounds that follow from them.
#include "report/bound.hpp"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/format.h>

#include "core/stopwatch.hpp"

namespace slalom::report {
namespace {

using core::Clock;
using core::seconds_since;

constexpr std::size_t kProbeFloats = std::size_t{1} << 24;  // 64 MiB are read, at most as many at once
constexpr std::size_t kLeastFloats = std::size_t{1} << 12;
constexpr std::size_t kLanes = 64;
constexpr std::int64_t kProbeSteps = 4000;

/// Of data of this size, read over and over: of main memory, or of the cache that they fit into.
double measure_bandwidth(double bytes) {
  const double floats = std::clamp(bytes / sizeof(float), double{kLeastFloats}, double{kProbeFloats});
  const std::size_t size = static_cast<std::size_t>(floats) / kLanes * kLanes;
  const AlignedFloats data(size, 1.0F);
  const std::size_t passes = kProbeFloats / size;
  const Clock::time_point start = Clock::now();
  std::array<float, kLanes> sums{};
  for (std::size_t pass = 0; pass < passes; ++pass) {
    for (std::size_t i = 0; i < data.size(); i += sums.size()) {
      for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += data[i + lane];
    }
  }
  const double seconds = seconds_since(start);
  const float total = std::accumulate(sums.begin(), sums.end(), 0.0F);
  return total > 0.0F ? static_cast<double>(passes * data.size() * sizeof(float)) / seconds
                      : 0.0;  // total is used: not optimised away
}

double measure_flops() {
  constexpr std::int64_t kRounds = 200000;
  std::array<float, 64> values{};
  values.fill(0.5F);
  const Clock::time_point start = Clock::now();
  for (std::int64_t i = 0; i < kRounds; ++i) {
    for (float& value : values) value = value * 0.999F + 0.001F;
  }
  const double seconds = seconds_since(start);
  const float total = std::accumulate(values.begin(), values.end(), 0.0F);
  return total > 0.0F ? static_cast<double>(kRounds) * static_cast<double>(values.size()) * 2.0 / seconds : 0.0;
}

double measure_step() {
  Dataset data;
  data.n_rows = kProbeSteps;
  data.n_features = data.n_targets = 1;
  data.features.assign(static_cast<std::size_t>(kProbeSteps), 1.0F);
  data.targets.assign(static_cast<std::size_t>(kProbeSteps), 0.0F);
  ModelSpec spec;
  spec.n_features = 1;
  const MemberConfig member;
  const auto backend = make_backend(DeviceKind::kCpu, spec, data, {&member, 1}, {.threads = 1});
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(kProbeSteps));
  std::iota(rows.begin(), rows.end(), 0U);
  const std::vector<double> rates(rows.size(), 1e-3);
  const StepBlock block{.rows = rows, .batch_size = 1, .learning_rates = rates};
  const Clock::time_point start = Clock::now();
  const auto results = backend->run({&block, 1});
  return seconds_since(start) / static_cast<double>(results[0].losses.size());
}

/// What a row takes in memory.
double bytes_per_row(const ModelSpec& spec) {
  return 4.0 * static_cast<double>(row_stride(spec.n_features) + spec.n_outputs);
}

}  // namespace

MachineSpeed measure_machine(const JobResult& result) {
  const double bytes = static_cast<double>(result.train_rows) * bytes_per_row(result.model.spec);
  return {measure_bandwidth(bytes), measure_flops(), measure_step()};
}

Bounds lower_bounds(const JobResult& result, const MachineSpeed& machine) {
  const ModelSpec& spec = result.model.spec;
  const auto rows = static_cast<double>(result.training.samples);
  double flops_per_row = 0.0;
  const ParameterLayout layout(spec);
  for (std::size_t i = 0; i < layout.layers.size(); ++i) {
    const LayerView& layer = layout.layers[i];
    flops_per_row += (i == 0 ? 4.0 : 6.0) * static_cast<double>(layer.inputs) * static_cast<double>(layer.outputs);
  }
  return {rows * bytes_per_row(spec) / machine.bytes_per_second, rows * flops_per_row / machine.flops_per_second,
          static_cast<double>(result.training.steps) * machine.step_seconds};
}

std::string describe_bound(const JobResult& result, const MachineSpeed& machine) {
  const Bounds bounds = lower_bounds(result, machine);
  const double seconds = std::max(result.training.seconds, 1e-9);
  struct Named {
    const char* name;
    double seconds;
  };
  std::array<Named, 3> all{
      {{"memory bandwidth", bounds.memory}, {"arithmetic", bounds.arithmetic}, {"step latency", bounds.steps}}};
  // A run may be faster than the probes, which are those of one thread, and may be disturbed.
  for (Named& bound : all) bound.seconds = std::min(bound.seconds, seconds);
  std::stable_sort(all.begin(), all.end(), [](const Named& a, const Named& b) { return a.seconds > b.seconds; });
  const auto percent = [&](double part) { return 100.0 * part / seconds; };
  return fmt::format("{} (floor {:.3g} s of {:.3g} s, {:.0f} %); {} {:.0f} %, {} {:.0f} %", all[0].name, all[0].seconds,
                     seconds, percent(all[0].seconds), all[1].name, percent(all[1].seconds), all[2].name,
                     percent(all[2].seconds));
}

}  // namespace slalom::report
