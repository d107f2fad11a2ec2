// SPDX-License-Identifier: Apache-2.0
// Batch normalisation (Ioffe & Szegedy 2015) element by element, for host and device.
#pragma once

#include <cmath>
#include <cstdint>

#include "core/hd.hpp"

namespace slalom::core {

inline constexpr double kNormEpsilon = 1e-5;  ///< as PyTorch
inline constexpr double kNormMomentum = 0.1;  ///< weight of the newest batch in running statistics

/// 1 / sqrt(variance + epsilon) of a batch; `variance` is the biased one.
SLALOM_HD double batch_inverse_deviation(double variance) { return 1.0 / std::sqrt(variance + kNormEpsilon); }

/// What the activation sees.
template <class Real>
SLALOM_HD Real scale_and_shift(Real normalised, Real gamma, Real beta) {
  return gamma * normalised + beta;
}

/// The same of a running variance.
template <class Real>
SLALOM_HD Real running_inverse_deviation(Real variance) {
  return Real(1) / std::sqrt(variance + static_cast<Real>(kNormEpsilon));
}

/// Prediction: normalises with running statistics.
template <class Real>
SLALOM_HD Real normalise_running(Real z, Real mean, Real inverse_deviation, Real gamma, Real beta) {
  return gamma * (z - mean) * inverse_deviation + beta;
}

/// A running statistic after a batch whose statistic is `now`.
template <class Real>
SLALOM_HD Real blend_running(Real old, double now) {
  return static_cast<Real>((1.0 - kNormMomentum) * static_cast<double>(old) + kNormMomentum * now);
}

/// A unit's sums over the batch, and its scale: what the backward pass needs besides the element.
template <class Real>
struct NormBackward {
  Real share;           ///< 1 / batch rows
  Real beta_gradient;   ///< sum of the derivatives
  Real gamma_gradient;  ///< sum of derivative * normalised
  Real gamma, inverse_deviation;
};

/// Derivative by the value before normalisation from the one by the value after it.
template <class Real>
SLALOM_HD Real normalise_derivative(Real derivative, Real normalised, const NormBackward<Real>& unit) {
  const Real centred = derivative - unit.share * (unit.beta_gradient + normalised * unit.gamma_gradient);
  return unit.gamma * unit.inverse_deviation * centred;
}

}  // namespace slalom::core
