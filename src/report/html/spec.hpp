// SPDX-License-Identifier: Apache-2.0
// Pieces that the specs of all charts share.
#pragma once

#include <string>

#include "report/html/escape.hpp"

namespace slalom::report::html {

/// A spec of this height without data and marks; page.js gives it its width, axes included.
[[nodiscard]] Json empty_spec(double height);

/// null for what is not finite: JSON has no number for it.
[[nodiscard]] Json number(double value);

/// The `encode` of an axis of numbers: large ones with the letters of SI, small ones as they are (nobody reads 20 milli).
[[nodiscard]] Json number_labels();

/// The vertical axis of a scale of numbers, with a grid.
[[nodiscard]] Json value_axis(const std::string& scale, const Json& title);

/// A legend above the chart, in as many columns as there is room for. `channel`: fill or stroke.
[[nodiscard]] Json wide_legend(const std::string& scale, const char* channel);

}  // namespace slalom::report::html
