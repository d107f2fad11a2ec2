// SPDX-License-Identifier: Apache-2.0
// What pictures of a surface are drawn on, worked out once for all that shows it.
#pragma once

#include "landscape/levels.hpp"

namespace slalom::landscape {

/// A part of the plane with the surface's values there and the levels of its contours.
struct Ground {
  Frame frame;
  Grid grid;
  std::vector<double> levels;       ///< levels_of
  std::vector<std::string> labels;  ///< level_texts, as many
};
[[nodiscard]] Ground ground_of(const Surface& surface, const std::vector<Picture>& pictures);

}  // namespace slalom::landscape
