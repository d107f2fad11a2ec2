// SPDX-License-Identifier: Apache-2.0
// Where a feature or target lies: what its standardisation subtracts and divides by.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

#include <slalom/preprocess.hpp>

namespace slalom::data {

struct Location {
  double offset = 0.0;
  double scale = 1.0;
};

/// `value(i)`: the i-th of n raw values, missing cells filled in. A constant gets a note and the scale 1.
template <class Value>
Location fit_scale(Scaling scaling, std::size_t n, Value value, const std::string& name, Notes& notes) {
  if (scaling == Scaling::kNone || n == 0) return {};
  double sum = 0.0, low = value(0), high = value(0);
  for (std::size_t i = 0; i < n; ++i) {
    sum += value(i);
    low = std::min(low, value(i));
    high = std::max(high, value(i));
  }
  // A spread below what rounding makes of the values is none: dividing by it would blow up any other value.
  if (high - low <= 1e-12 * std::max(std::fabs(low), std::fabs(high)) || !(high - low > 1e-150)) {
    notes.push_back("column '" + name + "' is constant in the training rows; it carries no information");
    return {low, 1.0};
  }
  if (scaling == Scaling::kMinMax) return {low, high - low};
  const double mean = sum / static_cast<double>(n);
  double squares = 0.0;
  for (std::size_t i = 0; i < n; ++i) squares += (value(i) - mean) * (value(i) - mean);
  return {mean, std::sqrt(squares / static_cast<double>(n))};
}

}  // namespace slalom::data
