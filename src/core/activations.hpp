// SPDX-License-Identifier: Apache-2.0
// Activation functions and their derivatives, for host and device.
#pragma once

#include <slalom/config.hpp>

#include "core/elementary.hpp"
#include "core/hd.hpp"
#include "core/losses.hpp"

namespace slalom::core {

inline constexpr double kLeakySlope = 0.01;

/// h(z). gelu is the exact form z Phi(z) (Hendrycks & Gimpel 2016); silu is z sigmoid(z).
template <class Real>
SLALOM_HD Real activate(Activation kind, Real z) {
  switch (kind) {
    case Activation::kLeakyRelu: return z > Real(0) ? z : Real(kLeakySlope) * z;
    case Activation::kTanh: return tanh_of(z);
    case Activation::kSigmoid: return sigmoid(z);
    case Activation::kGelu: return Real(0.5) * z * erfc_of(-z * Real(0.70710678118654752440));
    case Activation::kSilu: return z * sigmoid(z);
    default: return z > Real(0) ? z : (z <= Real(0) ? Real(0) : z);  // relu; NaN stays NaN
  }
}

/// dh/dz from the pre-activation z; 0 (leaky: the slope) at relu's kink, as PyTorch.
template <class Real>
SLALOM_HD Real activation_derivative(Activation kind, Real z) {
  switch (kind) {
    case Activation::kLeakyRelu: return z > Real(0) ? Real(1) : Real(kLeakySlope);
    case Activation::kTanh: {
      const Real h = tanh_of(z);
      return Real(1) - h * h;
    }
    case Activation::kSigmoid: {
      const Real h = sigmoid(z);
      return h * (Real(1) - h);
    }
    case Activation::kGelu: {
      const Real cdf = Real(0.5) * erfc_of(-z * Real(0.70710678118654752440));
      const Real pdf = Real(0.39894228040143267794) * exp_negative(Real(-0.5) * z * z);
      return cdf + z * pdf;
    }
    case Activation::kSilu: {
      const Real s = sigmoid(z);
      return s * (Real(1) + z * (Real(1) - s));
    }
    default: return z > Real(0) ? Real(1) : Real(0);
  }
}

}  // namespace slalom::core
