// SPDX-License-Identifier: Apache-2.0
// Quality of predictions over a dataset.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>

namespace slalom {

/// Regression: mse, rmse, mae, r2 in the target's original units (means over targets; r2 is the mean of the per-target
/// values). Classification: log_loss, accuracy, auc, f1 and the confusion matrix. Values that do not apply are nullopt:
/// auc needs two classes with rows of both (multi-class: macro one-versus-rest), r2 needs a target that varies,
/// log_loss needs a model of probabilities (not hinge). f1: of class 1 for two classes, macro otherwise.
struct Metrics {
  std::int64_t rows = 0;
  double loss =
      0.0;  ///< mean weighted data loss; one regression target: in its own units; several: in standardised units
  std::optional<double> mse, rmse, mae, r2;
  std::optional<double> log_loss, accuracy, auc, f1;
  std::vector<std::int64_t>
      confusion;  ///< [n_classes, n_classes] row-major: true class x predicted class; empty for regression
  std::int64_t n_classes = 0;

  /// The scalar metrics that apply, by name, in the order above.
  [[nodiscard]] std::vector<std::pair<std::string, double>> items() const;
};

/// Computes metrics of raw model outputs `outputs`: [rows, n_outputs] row-major for the rows `row_list` of `data`
/// (empty: all). Row weights enter `loss` only. Sums in float64 in row order.
[[nodiscard]] Metrics compute_metrics(const ModelSpec& spec, const Dataset& data,
                                      std::span<const std::uint32_t> row_list, std::span<const float> outputs);

/// Factor from the loss in stored-target units to the target's own units: s^2 for mse and huber, s for mae and
/// quantile, where s is the single target's scale; 1 for classifiers and for several targets.
[[nodiscard]] double loss_unit_factor(const ModelSpec& spec, const Dataset& data) noexcept;

}  // namespace slalom
