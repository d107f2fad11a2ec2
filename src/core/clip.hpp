// SPDX-License-Identifier: Apache-2.0
// Gradient clipping, for host and device: by value, then by norm, before decay and moments.
#pragma once

#include <cmath>

#include "core/hd.hpp"

namespace slalom::core {

/// Clamps a gradient element to [-limit, limit]; 0: leaves it alone.
template <class Real>
SLALOM_HD Real clip_by_value(Real gradient, Real limit) {
  if (!(limit > Real(0))) return gradient;
  return gradient > limit ? limit : (gradient < -limit ? -limit : gradient);
}

/// What to multiply a gradient by whose squares sum to `squares`, to bring its norm to at most `limit`; 0: leaves it.
template <class Real>
SLALOM_HD Real clip_by_norm_factor(double squares, double limit) {
  if (!(limit > 0.0)) return Real(1);
  const double norm = std::sqrt(squares);
  return norm > limit ? static_cast<Real>(limit / norm) : Real(1);
}

}  // namespace slalom::core
