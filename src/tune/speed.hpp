// SPDX-License-Identifier: Apache-2.0
// How fast one model trains at a batch size when it has the machine to itself.
#pragma once

#include <slalom/tune.hpp>

namespace slalom::tuning {

struct SpeedSettings {
  DeviceKind device = DeviceKind::kCpu;
  BackendOptions options;
  OptimizerKind optimizer = OptimizerKind::kAdam;
  std::int64_t batch_size = 64;  ///< 0: all rows
  double seconds = 0.3;          ///< of all measurements together, about
  bool shuffle = true;
};

/// Trains a population of one, without validation, at a rate that changes nothing: some steps to warm up, then whole
/// epochs three times, or one epoch where that takes longer than `seconds`.
/// nullopt if `stop` ended it.
[[nodiscard]] std::optional<TrialSpeed> measure_speed(const ModelSpec& spec, const Dataset& train,
                                                      const SpeedSettings& settings, const std::atomic<bool>* stop);

}  // namespace slalom::tuning
