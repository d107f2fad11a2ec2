// SPDX-License-Identifier: Apache-2.0
// Sums that metrics are made of, taken over rows on the device.
#pragma once

#include <cstdint>
#include <vector>

#include <slalom/config.hpp>

#include "core/row_metrics.hpp"
#include "cuda/scratch.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// Rows on the device with their outputs.
struct EvaluatedRows {
  DeviceData data;
  const std::uint32_t* rows = nullptr;  ///< [n_rows] rows of `data`; null: 0, 1, 2, ...
  std::int64_t n_rows = 0;
  const float* outputs = nullptr;  ///< [n_rows, n_outputs], of these rows in this order
  std::int64_t n_outputs = 1;
  LossKind loss = LossKind::kMse;
  double loss_constant = 0.0;
};

struct LossSums {
  double weighted = 0.0, weights = 0.0, plain = 0.0;  ///< of weight * loss, weights, loss
};
struct ResidualSums {
  double squares = 0.0, sizes = 0.0, values = 0.0;  ///< of residuals, and of the target itself
};
struct RankSums {
  double ranks = 0.0, positives = 0.0;  ///< of rows of the ranked class; tied rows have their mean rank, from 1
  bool ordered = true;                  ///< false: a score is not a number
};

// All wait for the scratch memory's stream. Sums are float64 and the same from run to run: blocks' partial sums are
// added in an order that depends on the number of rows alone.
[[nodiscard]] LossSums sum_losses(const EvaluatedRows& rows, ScratchMemory& scratch);
[[nodiscard]] ResidualSums sum_residuals(const EvaluatedRows& rows, std::int64_t target, const core::TargetUnits& units,
                                         ScratchMemory& scratch);
/// Of squared distances of a target from `mean`.
[[nodiscard]] double sum_spread(const EvaluatedRows& rows, std::int64_t target, const core::TargetUnits& units,
                                double mean, ScratchMemory& scratch);
/// [n_classes, n_classes] true x predicted.
[[nodiscard]] std::vector<std::int64_t> count_classes(const EvaluatedRows& rows, std::int64_t n_classes,
                                                      ScratchMemory& scratch);
/// Of ranking r (core::n_rankings).
[[nodiscard]] RankSums sum_ranks(const EvaluatedRows& rows, std::int64_t ranking, ScratchMemory& scratch);

}  // namespace slalom::cuda
