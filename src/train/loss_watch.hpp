// SPDX-License-Identifier: Apache-2.0
// Tells an exploding loss from a noisy one, step by step.
#pragma once

#include <cstdint>
#include <limits>

namespace slalom::training {

/// Follows the losses of a run's steps. The loss has exploded once kSteps steps in a row were each above kFactor times
/// a reference: the best smoothed loss so far, but no less than a floor, the loss of a model that answers 0. So a run
/// that fits its data to the last bit may lose much of that again, and single rows may be as far off as they like: an
/// explosion is a model that has become far worse than none, on whatever it is shown. A value: part of a run's state.
struct LossWatch {
  static constexpr double kFactor = 1e4;
  static constexpr std::int64_t kSteps = 8;
  static constexpr std::int64_t kWindow = 32;    ///< steps that the smoothed loss is a mean of, about
  static constexpr double kCalm = 2.0;           ///< times the reference: what a good state's smoothed loss may be
  static constexpr double kLowestFloor = 1e-12;  ///< where all targets are 0

  double floor = kLowestFloor;
  double smoothed = 0.0;                                  ///< mean of the first kWindow losses, then exponential
  double best = std::numeric_limits<double>::infinity();  ///< lowest smoothed loss
  std::int64_t counted = 0;
  std::int64_t high = 0;  ///< last steps in a row whose loss was too high

  /// Takes in the loss of the next step, a finite number. Returns true if the loss has exploded.
  bool add(double loss);

  /// True if nothing speaks against the model that the last steps saw.
  [[nodiscard]] bool calm() const;

  bool operator==(const LossWatch&) const = default;
};

}  // namespace slalom::training
