// SPDX-License-Identifier: Apache-2.0
// Evaluates the rows of a tuning result. The rules are described in docs/tuning.md.
#include "tune/recommend.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "tune/judge.hpp"

namespace slalom::tuning {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

double lowest_of(const TrialRun& run) {
  double lowest = kNever;
  for (const CurvePoint& point : run.curve) lowest = std::min(lowest, point.loss);
  return lowest;
}

double epochs_to(const TrialRun& run, double target, std::int64_t steps_per_epoch) {
  for (const CurvePoint& point : run.curve) {
    if (point.loss <= target) return static_cast<double>(point.step) / static_cast<double>(steps_per_epoch);
  }
  return kNever;
}

/// Median with range of the finite values; nullopt if the median is not finite. An even number of values with one
/// middle value finite has no finite median: half of the runs is not enough.
std::optional<MedianRange> range_of(const std::vector<double>& values) {
  if (values.empty()) return std::nullopt;
  MedianRange range{median_of(values), kNever, -kNever};
  if (!std::isfinite(range.median)) return std::nullopt;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    range.low = std::min(range.low, value);
    range.high = std::max(range.high, value);
  }
  return range;
}

void evaluate_row(TuneRow& row, double target) {
  std::vector<double> epochs;
  for (const TrialRun& run : row.runs) {
    epochs.push_back(epochs_to(run, target, row.steps_per_epoch));
    row.n_reached += std::isfinite(epochs.back()) ? 1 : 0;
  }
  row.epochs_to_target = range_of(epochs);
  if (!row.epochs_to_target || !row.speed) return;
  const double seconds = row.speed->seconds_per_epoch;
  row.seconds_to_target = {row.epochs_to_target->median * seconds, row.epochs_to_target->low * seconds,
                           row.epochs_to_target->high * seconds};
}

std::string name_of_row(const TuneRow& row) {
  return fmt::format("batch size {} with {} at rate {:.3g} on {}",
                     row.trial.batch_size == 0 ? "all" : std::to_string(row.trial.batch_size),
                     name_of(row.trial.optimizer.kind), row.trial.optimizer.learning_rate, name_of(row.trial.device));
}

std::string quality_reason(const TuneResult& result, const TuneRow& best, const std::string& why) {
  return fmt::format("{}, so the lowest loss decides: {} with {:.6g}{}", why, name_of_row(best),
                     best.lowest_loss->median,
                     result.interrupted ? " (tuning was interrupted before all was measured)" : "");
}

std::string speed_reason(const TuneResult& result, const TuneRow& best, const TuneRow* second) {
  std::string reason =
      fmt::format("{} reaches the target loss {:.6g}{} soonest, in {:.3g} s ({:.3g} epochs of {:.3g} s)",
                  name_of_row(best), *result.target_loss, result.target_given ? "" : " (the best seen + 1 %)",
                  best.seconds_to_target->median, best.epochs_to_target->median, best.speed->seconds_per_epoch);
  if (second == nullptr) return reason + "; no other row reaches it";
  reason += fmt::format(", {:.2g} times as fast as the next, {}",
                        second->seconds_to_target->median / best.seconds_to_target->median, name_of_row(*second));
  if (second->seconds_to_target->low <= best.seconds_to_target->high) reason += ", though their seeds overlap";
  return reason;
}

void recommend(TuneResult& result) {
  std::vector<std::size_t> timed, measured;
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    if (result.rows[i].seconds_to_target) timed.push_back(i);
    if (result.rows[i].lowest_loss) measured.push_back(i);
  }
  const auto loss = [&](std::size_t i) { return result.rows[i].lowest_loss->median; };
  const auto seconds = [&](std::size_t i) { return result.rows[i].seconds_to_target->median; };
  std::stable_sort(timed.begin(), timed.end(), [&](std::size_t a, std::size_t b) {
    return seconds(a) != seconds(b) ? seconds(a) < seconds(b) : loss(a) < loss(b);
  });
  std::stable_sort(measured.begin(), measured.end(), [&](std::size_t a, std::size_t b) { return loss(a) < loss(b); });
  if (!timed.empty()) {
    result.recommended = static_cast<std::int64_t>(timed[0]);
    result.reason = speed_reason(result, result.rows[timed[0]], timed.size() > 1 ? &result.rows[timed[1]] : nullptr);
  } else if (!measured.empty()) {
    const TuneRow& best = result.rows[measured[0]];
    result.recommended = static_cast<std::int64_t>(measured[0]);
    result.reason = quality_reason(result, best,
                                   best.epochs_to_target ? "no speed was measured" : "no row reaches the target loss");
  } else {
    result.reason = "no recommendation: no run ended an epoch with a finite loss";
  }
}

}  // namespace

void evaluate_rows(TuneResult& result, std::optional<double> target) {
  double best = kNever;
  for (TuneRow& row : result.rows) {
    std::vector<double> lowest;
    lowest.reserve(row.runs.size());
    for (const TrialRun& run : row.runs) lowest.push_back(lowest_of(run));
    row.lowest_loss = range_of(lowest);
    if (row.lowest_loss) best = std::min(best, row.lowest_loss->median);
  }
  result.target_given = target.has_value();
  if (!target && std::isfinite(best)) target = within_one_percent(best);
  result.target_loss = target;
  if (target) {
    for (TuneRow& row : result.rows) evaluate_row(row, *target);
  }
  recommend(result);
}

}  // namespace slalom::tuning
