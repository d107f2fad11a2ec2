// SPDX-License-Identifier: Apache-2.0
// Accuracy, F1 and AUC from counts and scores.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <slalom/metrics.hpp>

namespace slalom::training {

/// Accuracy and F1 of the confusion matrix, and AUC: the mean of the areas, if all rankings have one.
void add_class_metrics(Metrics& metrics, std::vector<std::int64_t> confusion, std::int64_t n_classes,
                       const std::vector<std::optional<double>>& areas);

/// Area under the ROC curve: the probability that a row of the positive class scores above one of the others, ties
/// counting half (Mann & Whitney 1947), from the sum of the positives' ranks (from 1; tied rows have their mean rank)
/// among n_rows. nullopt unless both kinds of row occur.
[[nodiscard]] std::optional<double> area_of_ranks(double rank_sum, double positives, double n_rows);

/// The same from scores, O(n log n). nullopt if a score is not a number.
[[nodiscard]] std::optional<double> area_under_roc(const std::vector<double>& scores,
                                                   const std::vector<std::int32_t>& truth, std::int32_t positive);

}  // namespace slalom::training
