// SPDX-License-Identifier: Apache-2.0
// Follows the losses of steps.
#include "train/loss_watch.hpp"

#include <algorithm>

namespace slalom::training {

bool LossWatch::add(double loss) {
  high = loss > kFactor * std::max(best, floor) ? high + 1 : 0;
  ++counted;
  smoothed += (loss - smoothed) / static_cast<double>(std::min(counted, kWindow));
  best = std::min(best, smoothed);
  return high >= kSteps;
}

bool LossWatch::calm() const { return counted > 0 && high == 0 && smoothed <= kCalm * std::max(best, floor); }

}  // namespace slalom::training
