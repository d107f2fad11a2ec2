// SPDX-License-Identifier: Apache-2.0
// Accuracy, AUC, F1 and the confusion matrix from labels and scores.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <slalom/metrics.hpp>

namespace slalom::training {

struct ClassScores {
  std::int64_t n_classes = 2;
  std::vector<std::int32_t> truth, predicted;
  std::vector<std::vector<double>> scores;  ///< one vector a class; two classes: one, of class 1
};

void add_class_metrics(Metrics& metrics, const ClassScores& scores);

/// Probability that a row of the positive class scores above one of the others, ties counting half (Mann & Whitney
/// 1947). O(n log n). nullopt unless both kinds of row occur.
[[nodiscard]] std::optional<double> area_under_roc(const std::vector<double>& scores,
                                                   const std::vector<std::int32_t>& truth, std::int32_t positive);

}  // namespace slalom::training
