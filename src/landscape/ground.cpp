// SPDX-License-Identifier: Apache-2.0
// Puts frame, grid and levels together.
#include "landscape/ground.hpp"

namespace slalom::landscape {

Ground ground_of(const Surface& surface, const std::vector<Picture>& pictures) {
  Ground ground{.frame = frame_of(surface, pictures), .grid = {}, .levels = {}, .labels = {}};
  ground.grid = grid_of(surface, ground.frame);
  ground.levels = levels_of(surface, ground.grid);
  ground.labels = level_texts(ground.levels);
  return ground;
}

}  // namespace slalom::landscape
