// SPDX-License-Identifier: Apache-2.0
// The points of a way as a drawing needs them: few enough, and none too far away to be drawn.
#pragma once

#include <string>
#include <vector>

#include "landscape/grid.hpp"

namespace slalom::landscape {

struct WayPoint {
  std::int64_t step = 0;
  double value = 0.0;
  Point at{};            ///< where the way really is
  Point line{};          ///< where its line goes: beyond a few frames from the middle, in the same direction but nearer
  Point edge{};          ///< where its marker stands: the nearest point of the frame
  bool outside = false;  ///< of the frame
};

/// Every `stride`-th point and the last one.
struct DrawnWay {
  std::vector<WayPoint> points;
  std::int64_t stride = 1;
  std::int64_t outside = 0;  ///< of all points of the way, how many are outside the frame
};
[[nodiscard]] DrawnWay drawn(const Way& way, const Frame& frame);

/// "step 12: f = 0.0123 at (1.5, -0.25)".
[[nodiscard]] std::string words_of(const WayPoint& point);

/// What the drawing of a picture leaves out, one sentence each: points outside the frame, steps between drawn ones.
[[nodiscard]] std::vector<std::string> notes_of(const Picture& picture, const Frame& frame);

}  // namespace slalom::landscape
