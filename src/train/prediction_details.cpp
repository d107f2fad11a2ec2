// SPDX-License-Identifier: Apache-2.0
// Samples, histograms and threshold curves of predictions.
#include "train/prediction_details.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "train/curvature.hpp"
#include "train/metric_sums.hpp"

namespace slalom::training {
namespace {

constexpr std::int64_t kSampleRows = 1500, kStretches = 40;
constexpr std::int64_t kMostTargets = 6, kMostClasses = 12;
constexpr double kCurveStep = 0.01;  ///< of both shares together, from one kept point to the next

TargetDetails target_details(const Dataset& data, std::span<const std::uint32_t> rows, std::span<const float> outputs,
                             std::int64_t n_outputs, std::int64_t j) {
  const core::TargetUnits units = units_of(data, j);
  const auto k = static_cast<std::size_t>(n_outputs), target = static_cast<std::size_t>(j);
  const auto at = [&](std::size_t i) {
    const double actual = units.value(data.targets[rows[i] * k + target]);
    return TargetDetails::Row{actual, units.value(outputs[i * k + target])};
  };
  TargetDetails details;
  std::vector<double> residuals;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const TargetDetails::Row row = at(i);
    if (std::isfinite(row.predicted)) residuals.push_back(row.predicted - row.actual);
  }
  for (const std::uint32_t i : spaced_rows(static_cast<std::int64_t>(rows.size()), kSampleRows)) {
    details.sample.push_back(at(i));
  }
  if (residuals.empty()) return details;
  const auto n = static_cast<double>(residuals.size());
  for (const double residual : residuals) details.mean += residual / n;
  for (const double residual : residuals)
    details.deviation += (residual - details.mean) * (residual - details.mean) / n;
  details.deviation = std::sqrt(details.deviation);
  const auto [low, high] = std::minmax_element(residuals.begin(), residuals.end());
  details.lowest = *low;
  details.highest = *high;
  details.residuals = histogram_of(residuals, kStretches);
  return details;
}

/// The scores of a ranking; probabilities where the loss has them.
std::vector<std::vector<double>> scores_of(const ModelSpec& spec, const Dataset& data,
                                           std::span<const std::uint32_t> rows, std::span<const float> outputs,
                                           std::vector<std::int32_t>& truth) {
  const LossKind kind = spec.loss.kind;
  const auto n_rankings = static_cast<std::size_t>(core::n_rankings(kind, spec.n_outputs));
  std::vector<std::vector<double>> scores(n_rankings, std::vector<double>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const core::JudgedRow row =
        judged(spec, data, rows[i], outputs.data() + i * static_cast<std::size_t>(spec.n_outputs));
    truth.push_back(core::true_class(kind, row));
    core::ranking_scores(kind, row, [&](std::int64_t r, double score) {
      scores[static_cast<std::size_t>(r)][i] = kind == LossKind::kBce ? 1.0 / (1.0 + std::exp(-score)) : score;
    });
  }
  return scores;
}

}  // namespace

Histogram histogram_of(std::span<const double> values, std::int64_t stretches) {
  if (values.empty()) return {};
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  Histogram histogram{.low = *low, .width = (*high - *low) / static_cast<double>(stretches), .counts = {}};
  if (!(histogram.width > 0.0) || !std::isfinite(histogram.width)) {
    return {.low = *low, .width = 0.0, .counts = {static_cast<std::int64_t>(values.size())}};
  }
  histogram.counts.assign(static_cast<std::size_t>(stretches), 0);
  for (const double value : values) {
    const auto i = static_cast<std::int64_t>((value - histogram.low) / histogram.width);
    ++histogram.counts[static_cast<std::size_t>(std::clamp<std::int64_t>(i, 0, stretches - 1))];
  }
  return histogram;
}

std::optional<ClassDetails> class_curve(std::span<const double> scores, std::span<const std::int32_t> truth,
                                        std::int32_t positive) {
  ClassDetails details;
  details.positives = std::count(truth.begin(), truth.end(), positive);
  details.negatives = static_cast<std::int64_t>(truth.size()) - details.positives;
  if (details.positives == 0 || details.negatives == 0) return std::nullopt;
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  const auto n_positive = static_cast<double>(details.positives), n_negative = static_cast<double>(details.negatives);
  std::int64_t hits = 0, alarms = 0;
  ClassDetails::Point before, last_kept;  // the curve starts with nothing called positive
  for (std::size_t begin = 0; begin < order.size();) {
    const double threshold = scores[order[begin]];
    std::size_t end = begin;  // rows with the same score are called alike
    for (; end < order.size() && scores[order[end]] == threshold; ++end) {
      ++(truth[order[end]] == positive ? hits : alarms);
    }
    begin = end;
    const ClassDetails::Point point{.threshold = threshold,
                                    .recall = static_cast<double>(hits) / n_positive,
                                    .false_positive = static_cast<double>(alarms) / n_negative,
                                    .precision = static_cast<double>(hits) / static_cast<double>(hits + alarms)};
    details.area += 0.5 * (point.recall + before.recall) * (point.false_positive - before.false_positive);
    details.average_precision += (point.recall - before.recall) * point.precision;
    before = point;
    const double moved = point.recall - last_kept.recall + point.false_positive - last_kept.false_positive;
    const bool jumps = std::fabs(point.precision - last_kept.precision) >= 5.0 * kCurveStep;
    if (moved < kCurveStep && !jumps && begin < order.size() && !details.curve.empty()) continue;
    details.curve.push_back(point);
    last_kept = point;
  }
  return details;
}

PredictionDetails details_of(const ModelSpec& spec, const Preprocessing& preprocessing, const Dataset& data,
                             std::span<const std::uint32_t> rows, std::span<const float> outputs) {
  PredictionDetails details{.rows = data.n_rows, .judged_rows = static_cast<std::int64_t>(rows.size())};
  if (!spec.is_classifier()) {
    details.n_targets = spec.n_outputs;
    for (std::int64_t j = 0; j < std::min(spec.n_outputs, kMostTargets); ++j) {
      details.targets.push_back(target_details(data, rows, outputs, spec.n_outputs, j));
      details.targets.back().name = preprocessing.targets.at(static_cast<std::size_t>(j));
    }
    return details;
  }
  details.scores = spec.loss.kind == LossKind::kHinge;
  std::vector<std::int32_t> truth;
  const auto scores = scores_of(spec, data, rows, outputs, truth);
  for (std::size_t r = 0; r < scores.size() && std::ssize(details.classes) < kMostClasses; ++r) {
    const bool ranks = std::none_of(scores[r].begin(), scores[r].end(), [](double s) { return std::isnan(s); });
    if (!ranks) continue;
    const std::int32_t positive = core::ranked_class(spec.loss.kind, spec.n_outputs, static_cast<std::int64_t>(r));
    std::optional<ClassDetails> curve = class_curve(scores[r], truth, positive);
    if (!curve) continue;
    curve->name = preprocessing.classes.at(static_cast<std::size_t>(positive));
    details.classes.push_back(std::move(*curve));
  }
  return details;
}

}  // namespace slalom::training
