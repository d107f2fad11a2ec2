// SPDX-License-Identifier: Apache-2.0
// The learning-rate range test: a short training whose rate grows exponentially, and the rate that its losses suggest.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slalom/job.hpp>

namespace slalom {

/// The ramp: step i of n trains at min_rate (max_rate / min_rate)^(i / (n - 1)).
struct RangeTestConfig {
  double min_rate = 1e-6;    ///< > 0
  double max_rate = 10.0;    ///< > min_rate
  std::int64_t steps = 200;  ///< of the ramp, 30 to 100000
  std::int64_t repeats = 3;  ///< runs with seeds of their own, 1 to 100
};
void validate(const RangeTestConfig& config);

/// A step of the ramp. Losses are means over the runs, before the step's update, in the target's own units.
struct RatePoint {
  double learning_rate = 0.0;
  double loss = 0.0;
  double smoothed = 0.0;  ///< exponential moving average with bias correction
};

/// What a range test found (docs/tuning.md has the rule).
struct RateFinding {
  std::vector<RatePoint> curve;  ///< up to the step at which the first run diverged
  std::optional<double> suggested;
  std::optional<double> lowest_at;  ///< rate of the lowest smoothed loss
  bool diverged = false;            ///< the ramp went beyond what training stands
  std::string reason;               ///< why this rate, or why none: one sentence
};

/// The pick alone, from the mean losses of a ramp: pure.
[[nodiscard]] RateFinding pick_rate(std::span<const double> rates, std::span<const double> losses, bool diverged);

/// One range test of a population: what it trains. The rate in `optimizer` is not used.
struct RangeTestMember {
  OptimizerConfig optimizer;
  std::int64_t batch_size = 64;  ///< 0: all rows
};

/// Where and how range tests run.
struct RangeTestPlace {
  DeviceKind device = DeviceKind::kCpu;
  BackendOptions options;
  std::uint64_t seed = 1;  ///< of the first run; the next ones have the next seeds
  bool shuffle = true;
};

struct RangeTestResult {
  std::vector<RateFinding> findings;  ///< one per member
  std::string device_description, device_reason;
  bool interrupted = false;  ///< findings are what the losses so far say
};

/// Tests members x repeats of one model as one population.
[[nodiscard]] RangeTestResult range_test(const ModelSpec& spec, const Dataset& train,
                                         std::span<const RangeTestMember> members, const RangeTestConfig& config,
                                         const RangeTestPlace& place, const std::atomic<bool>* stop = nullptr);

struct LrFindResult {
  RateFinding finding;
  std::string device_description, device_reason;
  std::int64_t train_rows = 0;
  std::int64_t batch_size = 0;  ///< rows a step
  Notes notes;
  bool interrupted = false;
};

/// What `slalom lr-find` runs: reads, splits and preprocesses as `slalom train` would, then tests. Throws what run_job
/// throws.
[[nodiscard]] LrFindResult find_learning_rate(const TrainJob& job, const RangeTestConfig& config,
                                              const std::atomic<bool>* stop = nullptr);

}  // namespace slalom
