// SPDX-License-Identifier: Apache-2.0
// Smooths the losses of a ramp as they come and notices when training has gone beyond what it stands.
#pragma once

#include <cstdint>
#include <limits>

namespace slalom::tuning {

/// Exponential moving average with bias correction (Kingma & Ba 2015, section 3): s_i = a_i / (1 - beta^(i+1)).
class SmoothedLoss {
 public:
  /// The average reaches over about a twentieth of the ramp.
  explicit SmoothedLoss(std::int64_t ramp_steps);

  /// Returns the smoothed loss.
  double add(double loss);

  /// The smoothed loss is above 4 times its lowest value and above where it began; not within the first twentieth of
  /// the ramp. An early spike alone does not do it: it has to outweigh the average.
  [[nodiscard]] bool diverged() const noexcept;

 private:
  double beta_;
  std::int64_t patience_;
  std::int64_t n_ = 0;
  double average_ = 0.0, weight_ = 1.0, smoothed_ = 0.0;
  double first_ = 0.0;  ///< the smoothed loss at the end of the first twentieth
  double lowest_ = std::numeric_limits<double>::infinity();
};

/// `rate` with two significant digits.
[[nodiscard]] double rounded_rate(double rate);

}  // namespace slalom::tuning
