// SPDX-License-Identifier: Apache-2.0
// The levels of a surface's contours, and how they are written.
#pragma once

#include <string>
#include <vector>

#include "landscape/grid.hpp"

namespace slalom::landscape {

/// At what values contours are drawn, ascending, at most 16: the lowest value of the grid and the known minima, and above it
/// round numbers at equal distances; or, for surfaces with log_levels, round distances from the lowest that grow by about a
/// constant factor, over five orders of magnitude at most.
[[nodiscard]] std::vector<double> levels_of(const Surface& surface, const Grid& grid);

/// Levels for people: each in three digits, or as many as tell it from its neighbours.
[[nodiscard]] std::vector<std::string> level_texts(const std::vector<double>& levels);

/// "from 1 to 2"; of the highest: "at least 1000".
[[nodiscard]] std::string band_text(const std::vector<std::string>& texts, std::size_t band);

}  // namespace slalom::landscape
