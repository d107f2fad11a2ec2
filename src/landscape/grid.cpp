// SPDX-License-Identifier: Apache-2.0
// Samples a surface.
#include "landscape/grid.hpp"

#include <algorithm>
#include <cmath>

namespace slalom::landscape {
namespace {

constexpr std::size_t kCells = 120;  ///< of the frame, in each direction
constexpr std::size_t kMargin = 1;
constexpr double kLargest = 1e300;  ///< stands for values beyond all numbers, far away on steep surfaces

Range widened(Range range, double low, double high) {
  const double margin = 0.06;
  if (low < range.low) range.low = low - margin * (range.high - low);
  if (high > range.high) range.high = high + margin * (high - range.low);
  return range;
}

}  // namespace

Frame frame_of(const Surface& surface, const std::vector<Picture>& pictures) {
  Point low{surface.x.low, surface.y.low}, high{surface.x.high, surface.y.high};
  for (const Picture& picture : pictures) {
    for (const Panel& panel : picture.panels) {
      for (const Way& way : panel.ways) {
        for (std::size_t i = 0; i < 2; ++i) {
          low[i] = std::min(low[i], way.start[i]);
          high[i] = std::max(high[i], way.start[i]);
        }
      }
    }
  }
  return {.x = widened(surface.x, low[0], high[0]), .y = widened(surface.y, low[1], high[1])};
}

Grid grid_of(const Surface& surface, const Frame& frame) {
  constexpr std::size_t kAll = kCells + 2 * kMargin;
  Grid grid{.n = kAll, .margin = kMargin, .values = {}};
  grid.values.reserve(kAll * kAll);
  const auto middle = [](const Range& range, std::size_t i) {
    const double cell = static_cast<double>(i) + 0.5 - static_cast<double>(kMargin);
    return range.low + range.width() * cell / static_cast<double>(kCells);
  };
  Point gradient{};
  for (std::size_t row = 0; row < kAll; ++row) {
    for (std::size_t column = 0; column < kAll; ++column) {
      const Point at{middle(frame.x, column), middle(frame.y, kAll - 1 - row)};
      const double value = surface.f(at, gradient);
      grid.values.push_back(std::isnan(value) ? kLargest : std::clamp(value, -kLargest, kLargest));
    }
  }
  return grid;
}

}  // namespace slalom::landscape
