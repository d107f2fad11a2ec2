// SPDX-License-Identifier: Apache-2.0
// Draws curves with block characters.
#include "text/sparkline.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace slalom::text {
namespace {

constexpr std::array<const char*, 8> kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr double kDecade = 10.0;

/// Mean of what is finite.
double mean_of(const double* begin, const double* end) {
  double sum = 0.0;
  int n = 0;
  for (const double* value = begin; value != end; ++value) {
    if (!std::isfinite(*value)) continue;
    sum += *value;
    ++n;
  }
  return n > 0 ? sum / n : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

void Sparkline::add(double done, double value) {
  const double place = std::ceil(std::clamp(done, 0.0, 1.0) * static_cast<double>(kPoints));
  const std::size_t wanted = std::max<std::size_t>(1, static_cast<std::size_t>(place));
  for (std::size_t i = n_; i < wanted; ++i) values_[i] = value;  // parts that were passed over
  n_ = wanted;
  values_[n_ - 1] = value;
}

std::string Sparkline::text(std::size_t columns) const {
  columns = std::min(columns, kPoints);
  std::vector<double> bars;
  for (std::size_t bar = 0; bar < columns; ++bar) {
    const std::size_t begin = bar * kPoints / columns, end = std::min((bar + 1) * kPoints / columns, n_);
    if (begin >= end) break;
    bars.push_back(mean_of(&values_[begin], &values_[0] + end));
  }
  if (bars.size() < 2) return "";
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const double bar : bars) {
    if (!std::isfinite(bar)) continue;
    low = std::min(low, bar);
    high = std::max(high, bar);
  }
  const bool logarithmic = low > 0.0 && high / low >= kDecade;
  const auto share = [&](double value) {
    if (!(high > low)) return 0.0;
    return logarithmic ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
  };
  std::string line;
  for (const double bar : bars) {
    const auto top = static_cast<double>(kBlocks.size() - 1);
    line += std::isfinite(bar) ? kBlocks[static_cast<std::size_t>(std::lround(share(bar) * top))] : " ";
  }
  return line;
}

}  // namespace slalom::text
