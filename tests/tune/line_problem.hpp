// SPDX-License-Identifier: Apache-2.0
// Parts of problems with one feature, for tests of what searches measure.
#pragma once

#include <cmath>
#include <numbers>

#include <slalom/model.hpp>

#include "core/philox.hpp"

namespace slalom::testing {

/// A standard normal number (Box and Muller 1958).
inline double normal(core::PhiloxStream& random) {
  const double radius = std::sqrt(-2.0 * std::log(random.uniform()));
  return radius * std::cos(2.0 * std::numbers::pi * random.uniform());
}

/// Linear in one feature, with an intercept; mean squared error.
inline ModelSpec line() {
  ModelSpec spec;
  spec.n_features = 1;
  return spec;
}

}  // namespace slalom::testing
