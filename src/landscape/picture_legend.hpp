// SPDX-License-Identifier: Apache-2.0
// The legend of a picture: what the colours of the ground and the signs on it mean.
#pragma once

#include <string>
#include <vector>

#include "report/html/escape.hpp"

namespace slalom::landscape {

inline constexpr int kLegendHeight = 64;  ///< pixels that it takes above the panels

/// What it is drawn from: the data set `bands`, a row a level.
[[nodiscard]] report::html::Json legend_data(const std::vector<std::string>& levels);

/// Its marks. `x`, `y`: its upper left corner; it is at most `width` (an expression of Vega) pixels wide. `value`: what
/// the ground's height is. The scale `ground` gives the colour of a level's number.
[[nodiscard]] std::vector<report::html::Json> legend_marks(const std::vector<std::string>& levels,
                                                           const std::string& value, int x, int y,
                                                           const std::string& width);

}  // namespace slalom::landscape
