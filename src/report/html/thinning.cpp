// SPDX-License-Identifier: Apache-2.0
// Leaves points of long curves out, but never an extreme one.
#include <algorithm>
#include <cmath>

#include "report/html/series_chart.hpp"

namespace slalom::report::html {

std::vector<SeriesPoint> thinned(const std::vector<SeriesPoint>& points, std::size_t most) {
  if (points.size() <= most || most < 4) return points;
  const std::size_t stretches = most / 4;
  std::vector<SeriesPoint> kept;
  for (std::size_t s = 0; s < stretches; ++s) {
    const std::size_t begin = s * points.size() / stretches, end = (s + 1) * points.size() / stretches;
    std::vector<std::size_t> chosen{begin, end - 1};
    std::size_t low = end, high = end;  // none
    for (std::size_t i = begin; i < end; ++i) {
      if (!std::isfinite(points[i].y)) continue;
      if (low == end || points[i].y < points[low].y) low = i;
      if (high == end || points[i].y > points[high].y) high = i;
    }
    if (low != end) chosen.insert(chosen.end(), {low, high});
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
    for (const std::size_t i : chosen) kept.push_back(points[i]);
  }
  return kept;
}

}  // namespace slalom::report::html
