// SPDX-License-Identifier: Apache-2.0
// Follows the losses of steps.
#include "train/loss_watch.hpp"

#include <algorithm>

namespace slalom::training {

bool LossWatch::add(double loss) {
  high = loss > kFactor * std::max(best, floor) ? high + 1 : 0;
  ++counted;
  static_assert((kWindow & (kWindow - 1)) == 0);  // so that the product below has the bits of a division
  constexpr double kShare = 1.0 / static_cast<double>(kWindow);
  const double change = loss - smoothed;
  smoothed += counted < kWindow ? change / static_cast<double>(counted) : change * kShare;
  best = std::min(best, smoothed);
  return high >= kSteps;
}

bool LossWatch::calm() const { return counted > 0 && high == 0 && smoothed <= kCalm * std::max(best, floor); }

}  // namespace slalom::training
