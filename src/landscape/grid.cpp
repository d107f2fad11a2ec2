// SPDX-License-Identifier: Apache-2.0
// Samples a surface and chooses levels.
#include "landscape/grid.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace slalom::landscape {
namespace {

constexpr std::size_t kCells = 120;  ///< of the frame, in each direction
constexpr std::size_t kMargin = 1;
constexpr int kLevels = 16;
constexpr double kMostDecades = 5.0;
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

std::vector<double> levels_of(const Surface& surface, const Grid& grid) {
  const auto [least, most] = std::minmax_element(grid.values.begin(), grid.values.end());
  double low = *least;
  Point gradient{};
  for (const Point& minimum : surface.minima) low = std::min(low, surface.f(minimum, gradient));
  const double span = *most - low;
  std::vector<double> levels;
  if (!(span > 0.0)) return {low};
  const double lowest_distance = std::max(*least - low, span * std::pow(10.0, -kMostDecades));
  const double decades = std::log10(span / lowest_distance);
  for (int i = 0; i < kLevels; ++i) {
    const double part = static_cast<double>(i) / kLevels;
    const bool first = i == 0;
    const double distance = surface.log_levels ? lowest_distance * std::pow(10.0, decades * part) : span * part;
    levels.push_back(first ? low : low + distance);
  }
  return levels;
}

}  // namespace slalom::landscape
