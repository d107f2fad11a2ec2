// SPDX-License-Identifier: Apache-2.0
// Thins ways and keeps them near the frame.
#include "landscape/way_points.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "text/number.hpp"

namespace slalom::landscape {
namespace {

constexpr std::int64_t kMostPoints = 400;
constexpr double kFarthest = 20.0;  ///< frame widths from its middle

double middle_of(const Range& range) { return 0.5 * (range.low + range.high); }

WayPoint point_of(const PathPoint& point, const Frame& frame) {
  WayPoint drawn{.step = point.step, .value = point.value, .at = {point.x[0], point.x[1]}};
  drawn.edge = {std::clamp(drawn.at[0], frame.x.low, frame.x.high), std::clamp(drawn.at[1], frame.y.low, frame.y.high)};
  drawn.outside = drawn.edge != drawn.at;
  drawn.line = drawn.at;
  const Point away{drawn.at[0] - middle_of(frame.x), drawn.at[1] - middle_of(frame.y)};
  const double far = std::max(std::fabs(away[0]) / frame.x.width(), std::fabs(away[1]) / frame.y.width());
  if (far > kFarthest) {
    drawn.line = {middle_of(frame.x) + away[0] / far * kFarthest, middle_of(frame.y) + away[1] / far * kFarthest};
  }
  return drawn;
}

bool is_outside(const PathPoint& point, const Frame& frame) {
  return !frame.x.contains(point.x[0]) || !frame.y.contains(point.x[1]);
}

}  // namespace

DrawnWay drawn(const Way& way, const Frame& frame) {
  const std::vector<PathPoint>& path = way.result.path;
  const auto n = static_cast<std::int64_t>(path.size());
  DrawnWay result{.points = {}, .stride = std::max<std::int64_t>(1, (n + kMostPoints - 1) / kMostPoints)};
  result.outside = std::count_if(path.begin(), path.end(), [&](const PathPoint& p) { return is_outside(p, frame); });
  for (std::int64_t k = 0; k < n; ++k) {
    if (k % result.stride == 0 || k + 1 == n)
      result.points.push_back(point_of(path[static_cast<std::size_t>(k)], frame));
  }
  return result;
}

std::string words_of(const WayPoint& point) {
  const auto text = [](double value) { return text::rounded(value, 3); };
  return fmt::format("step {}: f = {} at ({}, {})", point.step, text(point.value), text(point.at[0]),
                     text(point.at[1]));
}

std::vector<std::string> notes_of(const Picture& picture, const Frame& frame) {
  std::vector<std::string> notes;
  std::int64_t stride = 1;
  for (const Panel& panel : picture.panels) {
    for (const Way& way : panel.ways) {
      const DrawnWay shown = drawn(way, frame);
      const std::string name = panel.ways.size() > 1 ? fmt::format("{}, {}", panel.title, way.label) : panel.title;
      if (shown.outside > 0) {
        notes.push_back(
            fmt::format("{}: {} of {} points lie outside the picture; the line runs towards them, triangles "
                        "on the edge stand for them.",
                        name, shown.outside, way.result.path.size()));
      }
      if (way.result.reason == MinimizeStop::kDiverged) {
        notes.push_back(fmt::format("{}: ended before its last step. {}.", name, way.result.divergence));
      }
      stride = std::max(stride, shown.stride);
    }
  }
  if (stride > 1) notes.push_back(fmt::format("Long descents are drawn by one of every {} steps.", stride));
  return notes;
}

}  // namespace slalom::landscape
