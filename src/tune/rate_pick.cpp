// SPDX-License-Identifier: Apache-2.0
// The learning rate that a ramp's losses suggest: where they fall fastest against the logarithm of the rate.
#include "tune/rate_pick.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <slalom/lr_find.hpp>

#include "tune/judge.hpp"

namespace slalom {
namespace tuning {
namespace {

constexpr double kDivergedFactor = 4.0;

std::int64_t twentieth_of(std::int64_t ramp_steps) { return std::max<std::int64_t>(2, ramp_steps / 20); }

}  // namespace

SmoothedLoss::SmoothedLoss(std::int64_t ramp_steps)
    : beta_(1.0 - 1.0 / static_cast<double>(twentieth_of(ramp_steps))), patience_(twentieth_of(ramp_steps)) {}

double SmoothedLoss::add(double loss) {
  ++n_;
  average_ = beta_ * average_ + (1.0 - beta_) * loss;
  weight_ *= beta_;
  smoothed_ = average_ / (1.0 - weight_);
  if (n_ <= patience_) first_ = smoothed_;
  if (n_ >= patience_) lowest_ = std::min(lowest_, smoothed_);
  return smoothed_;
}

bool SmoothedLoss::diverged() const noexcept {
  return n_ > patience_ && !(smoothed_ <= std::max(kDivergedFactor * lowest_, first_));
}

double rounded_rate(double rate) { return std::strtod(fmt::format("{:.1e}", rate).c_str(), nullptr); }

namespace {

constexpr std::int64_t kFewestPoints = 20;
constexpr double kLeastDrop = 0.02;      ///< of the starting level: less is a run that never moved
constexpr double kLeastSigmas = 4.0;     ///< of the mean of a window: less is noise
constexpr double kDescentBegins = 0.1;   ///< part of the whole drop that comes before the pick
constexpr std::size_t kMedianReach = 2;  ///< points on either side of the median filter

/// Medians of five neighbours (at the ends, of the five first or last): a single spike leaves no trace.
std::vector<double> without_spikes(std::span<const double> losses) {
  constexpr std::size_t kWidth = 2 * kMedianReach + 1;
  std::vector<double> result(losses.size());
  for (std::size_t i = 0; i < losses.size(); ++i) {
    const std::size_t begin = std::min(i - std::min(i, kMedianReach), losses.size() - kWidth);
    std::array<double, kWidth> window{};
    std::copy_n(losses.begin() + static_cast<std::ptrdiff_t>(begin), kWidth, window.begin());
    std::nth_element(window.begin(), window.begin() + kMedianReach, window.end());
    result[i] = window[kMedianReach];
  }
  return result;
}

/// A straight line through the losses around one point of the ramp, by least squares against ln(rate).
struct Line {
  double level = 0.0;  ///< at the middle
  double slope = 0.0;  ///< loss per factor e of rate
};

Line line_around(std::span<const double> log_rates, std::span<const double> losses, std::size_t middle,
                 std::size_t reach) {
  const std::size_t begin = middle - std::min(middle, reach);
  const std::size_t end = std::min(losses.size(), middle + reach + 1);
  const auto n = static_cast<double>(end - begin);
  double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0;
  for (std::size_t i = begin; i < end; ++i) {
    x += log_rates[i] / n;
    y += losses[i] / n;
  }
  for (std::size_t i = begin; i < end; ++i) {
    xx += (log_rates[i] - x) * (log_rates[i] - x);
    xy += (log_rates[i] - x) * (losses[i] - y);
  }
  const double slope = xx > 0.0 ? xy / xx : 0.0;
  return {.level = y + slope * (log_rates[middle] - x), .slope = slope};
}

/// Where the losses begin and how much they scatter there, at rates too small to have moved anything.
struct Start {
  double level = 0.0;      ///< mean of the losses without spikes
  double deviation = 0.0;  ///< of the losses, from the median distance to their median: spikes do not count
};

Start start_of(std::span<const double> losses, std::span<const double> clean) {
  constexpr double kNormal = 1.4826;  // standard deviation over median absolute deviation
  Start start;
  for (const double loss : clean) start.level += loss / static_cast<double>(clean.size());
  std::vector<double> distances(losses.begin(), losses.end());
  const double middle = median_of(distances);
  for (double& loss : distances) loss = std::abs(loss - middle);
  start.deviation = kNormal * median_of(distances);
  return start;
}

}  // namespace
}  // namespace tuning

RateFinding pick_rate(std::span<const double> rates, std::span<const double> losses, bool diverged) {
  RateFinding finding{.diverged = diverged};
  const std::size_t n = losses.size();
  tuning::SmoothedLoss smoothed(static_cast<std::int64_t>(rates.size()));
  for (std::size_t i = 0; i < n; ++i) finding.curve.push_back({rates[i], losses[i], smoothed.add(losses[i])});
  if (static_cast<std::int64_t>(n) < tuning::kFewestPoints) {
    finding.reason = diverged
                         ? fmt::format(
                               "no suggestion: training diverged after {} steps, at rate {:.3g}; begin with a smaller "
                               "--min-lr, or take more --steps",
                               n, n > 0 ? rates[n - 1] : rates.front())
                         : fmt::format("no suggestion: only {} of {} steps were made, expected at least {}", n,
                                       rates.size(), tuning::kFewestPoints);
    return finding;
  }

  std::vector<double> log_rates(n);
  std::transform(rates.begin(), rates.begin() + static_cast<std::ptrdiff_t>(n), log_rates.begin(),
                 [](double rate) { return std::log(rate); });
  const std::vector<double> clean = tuning::without_spikes(losses);
  const std::size_t reach = std::max<std::size_t>(3, rates.size() / 20);
  const std::size_t tenth = std::min(n, std::max<std::size_t>(5, rates.size() / 10));
  const tuning::Start start = tuning::start_of(losses.first(tenth), std::span(clean).first(tenth));
  std::vector<tuning::Line> lines(n);
  for (std::size_t i = 0; i < n; ++i) lines[i] = tuning::line_around(log_rates, clean, i, reach);
  const auto lowest = static_cast<std::size_t>(
      std::min_element(lines.begin(), lines.end(), [](const auto& a, const auto& b) { return a.level < b.level; }) -
      lines.begin());
  const double drop = start.level - lines[lowest].level;
  const double noise = tuning::kLeastSigmas * start.deviation / std::sqrt(static_cast<double>(2 * reach + 1));
  if (!(drop > std::max(tuning::kLeastDrop * std::abs(start.level), noise))) {
    finding.reason = diverged
                         ? fmt::format(
                               "no suggestion: the loss rose without having fallen, up to rate {:.3g}; begin with a "
                               "smaller --min-lr",
                               rates[n - 1])
                         : fmt::format(
                               "no suggestion: the loss never moved beyond its noise, up to rate {:.3g}; end with a "
                               "larger --max-lr",
                               rates[n - 1]);
    return finding;
  }

  std::size_t steepest = lowest;
  for (std::size_t i = 0; i <= lowest; ++i) {
    const bool begun = start.level - lines[i].level >= tuning::kDescentBegins * drop;
    if (begun && (lines[i].slope < lines[steepest].slope)) steepest = i;
  }
  finding.suggested = tuning::rounded_rate(rates[steepest]);
  finding.lowest_at = rates[lowest];
  finding.reason =
      fmt::format("the loss fell fastest at rate {:.2g}, from {:.4g} at the start to {:.4g} at rate {:.2g}{}",
                  *finding.suggested, start.level, lines[lowest].level, rates[lowest],
                  diverged ? fmt::format("; beyond {:.2g} training diverged", rates[n - 1])
                           : "; training did not diverge, so a larger --max-lr may show more");
  return finding;
}

}  // namespace slalom
