// SPDX-License-Identifier: Apache-2.0
// Pieces that the specs of all charts share.
#pragma once

#include <cstddef>
#include <string>

#include "report/html/escape.hpp"

namespace slalom::report::html {

/// A spec of this height without data and marks; page.js gives it its width, axes included.
[[nodiscard]] Json empty_spec(double height);

/// null for what is not finite: JSON has no number for it.
[[nodiscard]] Json number(double value);

/// The Vega expression of a number's text, as tables write it: at most so many digits, no trailing zeros, a power of ten where
/// the number is large or small. `value`: an expression. (d3's own "~" takes zeros off exponents: 1.06e-10 becomes 1.06e-1.)
[[nodiscard]] std::string number_expression(const std::string& value, int digits = 6);

/// How an axis writes its numbers.
enum class AxisNumbers {
  kLinear,       ///< thousands as k; a power of ten on all of the axis if it goes beyond a million
  kLogarithmic,  ///< at 1, 2 and 5 times a power of ten only, over more than three decades at powers of ten
  kCounts,       ///< thousands as k, millions as M, ...
  kLogarithmicCounts
};

/// The `encode` of an axis of numbers.
[[nodiscard]] Json number_labels(const std::string& scale, AxisNumbers numbers = AxisNumbers::kLinear);

/// The vertical axis of a scale of numbers, with a grid.
[[nodiscard]] Json value_axis(const std::string& scale, const Json& title, AxisNumbers numbers = AxisNumbers::kLinear);

/// A legend above the chart, in as many columns as there is room for. `channel`: fill or stroke. `longest`: characters of the
/// longest of its labels.
[[nodiscard]] Json wide_legend(const std::string& scale, const char* channel, std::size_t longest);

}  // namespace slalom::report::html
