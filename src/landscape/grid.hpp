// SPDX-License-Identifier: Apache-2.0
// A surface's values on a grid.
#pragma once

#include <vector>

#include "landscape/pictures.hpp"

namespace slalom::landscape {

/// The part of the plane that a drawing shows.
struct Frame {
  Range x, y;
};

/// The surface's own part, widened so that every start of the pictures is in it.
[[nodiscard]] Frame frame_of(const Surface& surface, const std::vector<Picture>& pictures);

/// Values at the middles of n x n cells, row after row, the row with the highest y first. The frame is all but the `margin`
/// outermost cells on every side, so that contours reach its edges.
struct Grid {
  std::size_t n = 0;
  std::size_t margin = 0;
  std::vector<double> values;  ///< n * n, finite
};
[[nodiscard]] Grid grid_of(const Surface& surface, const Frame& frame);

}  // namespace slalom::landscape
