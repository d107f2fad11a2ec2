// SPDX-License-Identifier: Apache-2.0
// Classification metrics.
#include "train/class_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace slalom::training {
namespace {

/// F1 of one class from the confusion matrix; 0 if the class neither occurs nor is predicted.
double f1_of(const Metrics& m, std::int64_t c) {
  const auto cell = [&](std::int64_t i, std::int64_t j) {
    return static_cast<double>(m.confusion[static_cast<std::size_t>(i * m.n_classes + j)]);
  };
  double actual = 0.0, predicted = 0.0;
  for (std::int64_t other = 0; other < m.n_classes; ++other) {
    actual += cell(c, other);
    predicted += cell(other, c);
  }
  return actual + predicted > 0.0 ? 2.0 * cell(c, c) / (actual + predicted) : 0.0;
}

}  // namespace

std::optional<double> area_under_roc(const std::vector<double>& scores, const std::vector<std::int32_t>& truth,
                                     std::int32_t positive) {
  const std::size_t n = scores.size();
  if (std::any_of(scores.begin(), scores.end(), [](double score) { return std::isnan(score); })) return std::nullopt;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  double rank_sum = 0.0;
  double positives = 0.0;
  for (std::size_t begin = 0; begin < n;) {
    std::size_t end = begin;
    while (end < n && scores[order[end]] == scores[order[begin]]) ++end;
    const double rank = 0.5 * static_cast<double>(begin + 1 + end);  // mean rank of the tied rows
    for (std::size_t i = begin; i < end; ++i) {
      if (truth[order[i]] != positive) continue;
      rank_sum += rank;
      positives += 1.0;
    }
    begin = end;
  }
  return area_of_ranks(rank_sum, positives, static_cast<double>(n));
}

std::optional<double> area_of_ranks(double rank_sum, double positives, double n_rows) {
  const double negatives = n_rows - positives;
  if (positives == 0.0 || negatives == 0.0) return std::nullopt;
  return (rank_sum - positives * (positives + 1.0) / 2.0) / (positives * negatives);
}

void add_class_metrics(Metrics& metrics, std::vector<std::int64_t> confusion, std::int64_t n_classes,
                       const std::vector<std::optional<double>>& areas) {
  metrics.n_classes = n_classes;
  metrics.confusion = std::move(confusion);
  std::int64_t right = 0;
  for (std::int64_t c = 0; c < n_classes; ++c) {
    right += metrics.confusion[static_cast<std::size_t>(c * n_classes + c)];
  }
  metrics.accuracy = static_cast<double>(right) / static_cast<double>(metrics.rows);
  if (n_classes == 2) {
    metrics.f1 = f1_of(metrics, 1);
  } else {
    double f1 = 0.0;
    for (std::int64_t c = 0; c < n_classes; ++c) f1 += f1_of(metrics, c);
    metrics.f1 = f1 / static_cast<double>(n_classes);
  }
  if (!std::all_of(areas.begin(), areas.end(), [](const auto& area) { return area.has_value(); })) return;
  double auc = 0.0;
  for (const std::optional<double>& area : areas) auc += *area;
  metrics.auc = auc / static_cast<double>(areas.size());
}

}  // namespace slalom::training
