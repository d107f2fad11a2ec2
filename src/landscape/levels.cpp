// SPDX-License-Identifier: Apache-2.0
// Chooses round levels, so that a legend can be read.
#include "landscape/levels.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "text/number.hpp"

namespace slalom::landscape {
namespace {

constexpr std::size_t kMostLevels = 16;
constexpr double kMostDecades = 5.0;
constexpr double kSlack = 1e-9;  ///< relative: what rounding may take from a distance that is to be met

/// Multiples of the smallest step of 1, 2 or 5 times a power of ten that leaves few enough.
std::vector<double> equal_levels(double low, double high) {
  const double power = std::pow(10.0, std::floor(std::log10((high - low) / kMostLevels)));
  std::vector<double> levels;
  for (const double factor : {1.0, 2.0, 5.0, 10.0, 20.0}) {
    const double step = factor * power;
    levels = {low};
    // The first band may be narrow, but not so narrow that it hardly shows.
    for (double k = std::floor(low / step + 0.25) + 1.0; k * step < high; k += 1.0) levels.push_back(k * step);
    if (levels.size() <= kMostLevels) return levels;
  }
  return levels;
}

/// `low` and distances from it of these factors times powers of ten.
std::vector<double> grown_levels(double low, double nearest, double farthest, std::span<const double> factors) {
  std::vector<double> levels{low};
  const auto first = static_cast<int>(std::floor(std::log10(nearest)));
  const auto last = static_cast<int>(std::floor(std::log10(farthest)));
  for (int power = first; power <= last; ++power) {
    for (const double factor : factors) {
      const double distance = factor * std::pow(10.0, power);
      if (distance < nearest * (1.0 - kSlack) || distance > farthest) continue;
      if (low + distance > levels.back()) levels.push_back(low + distance);
    }
  }
  return levels;
}

}  // namespace

std::vector<double> levels_of(const Surface& surface, const Grid& grid) {
  const auto [least, most] = std::minmax_element(grid.values.begin(), grid.values.end());
  double low = *least;
  Point gradient{};
  for (const Point& minimum : surface.minima) low = std::min(low, surface.f(minimum, gradient));
  const double span = *most - low;
  if (!(span > 0.0)) return {low};
  if (!surface.log_levels) return equal_levels(low, *most);
  const double nearest = std::max(*least - low, span * std::pow(10.0, -kMostDecades));
  constexpr std::array<double, 6> kSix{1.0, 1.5, 2.0, 3.0, 5.0, 7.0};
  constexpr std::array<double, 3> kThree{1.0, 2.0, 5.0};
  constexpr std::array<double, 2> kTwo{1.0, 3.0};
  constexpr std::array<double, 1> kOne{1.0};
  for (const std::span<const double> factors : {std::span<const double>(kSix), std::span<const double>(kThree),
                                                std::span<const double>(kTwo), std::span<const double>(kOne)}) {
    std::vector<double> levels = grown_levels(low, nearest, span, factors);
    if (levels.size() <= kMostLevels && levels.size() > 1) return levels;
  }
  return {low};
}

std::vector<std::string> level_texts(const std::vector<double>& levels) {
  std::vector<std::string> texts;
  for (int digits = 3; digits <= 6; ++digits) {
    texts.clear();
    for (const double level : levels) texts.push_back(text::rounded(level, digits));
    if (std::adjacent_find(texts.begin(), texts.end()) == texts.end()) break;
  }
  return texts;
}

std::string band_text(const std::vector<std::string>& texts, std::size_t band) {
  if (band + 1 < texts.size()) return fmt::format("from {} to {}", texts[band], texts[band + 1]);
  return "at least " + texts.at(band);
}

}  // namespace slalom::landscape
