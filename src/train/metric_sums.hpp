// SPDX-License-Identifier: Apache-2.0
// What metrics are made of: sums over rows, which backends take where the rows are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <slalom/metrics.hpp>

#include "core/row_metrics.hpp"

namespace slalom::training {

struct MetricSums {
  std::int64_t rows = 0;
  double loss = 0.0;        ///< of weight * row_loss
  double weights = 0.0;     ///< of weights
  double plain_loss = 0.0;  ///< of row_loss

  /// Of one regression target, in its own units.
  struct Target {
    double squares = 0.0, sizes = 0.0;  ///< of residuals
    double spread = 0.0;                ///< of squared distances of the target from its mean
  };
  std::vector<Target> targets;

  std::vector<std::int64_t> confusion;       ///< [n_classes, n_classes] true x predicted, for classifiers
  std::vector<std::optional<double>> areas;  ///< area_of_ranks of every ranking (core::n_rankings)
};

[[nodiscard]] std::int64_t n_classes_of(const ModelSpec& spec) noexcept;
[[nodiscard]] core::TargetUnits units_of(const Dataset& data, std::int64_t target);

/// A row of `data` beside its outputs `z`: [n_outputs].
[[nodiscard]] core::JudgedRow judged(const ModelSpec& spec, const Dataset& data, std::size_t row, const float* z);
[[nodiscard]] double weight_of(const Dataset& data, std::size_t row);

[[nodiscard]] Metrics metrics_of(const ModelSpec& spec, const Dataset& data, const MetricSums& sums);

}  // namespace slalom::training
