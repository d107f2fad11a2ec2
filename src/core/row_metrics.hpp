// SPDX-License-Identifier: Apache-2.0
// What metrics take from a single row: its loss, its classes and the scores that rank it, for host and device.
#pragma once

#include <cstdint>

#include "core/losses.hpp"

namespace slalom::core {

/// Float32 numbers, read as float64.
struct Widened {
  const float* values = nullptr;
  SLALOM_HD double operator[](std::int64_t j) const { return static_cast<double>(values[j]); }
};

/// A row's outputs and what they should have been.
struct JudgedRow {
  const float* z = nullptr;  ///< [k]
  std::int64_t k = 1;
  const float* targets = nullptr;  ///< [k]; null for cross-entropy
  std::int32_t label = 0;          ///< cross-entropy
};

/// The data loss of a row, mean over outputs. `constant` as for pointwise_loss.
SLALOM_HD double row_loss(LossKind kind, double constant, const JudgedRow& row) {
  const Widened z{row.z};
  if (kind == LossKind::kCrossEntropy) {
    return cross_entropy(z, row.k, row.label, OneLane{}, [](std::int64_t, double) {});
  }
  double loss = 0.0;
  for (std::int64_t j = 0; j < row.k; ++j) {
    loss += pointwise_loss(kind, z[j], static_cast<double>(row.targets[j]), constant).loss;
  }
  return loss / static_cast<double>(row.k);
}

SLALOM_HD std::int32_t true_class(LossKind kind, const JudgedRow& row) {
  if (kind == LossKind::kCrossEntropy) return row.label;
  return row.targets[0] > 0.5F ? 1 : 0;
}

/// The first of the largest logits; for one logit, its sign.
SLALOM_HD std::int32_t predicted_class(LossKind kind, const JudgedRow& row) {
  if (kind != LossKind::kCrossEntropy) return row.z[0] > 0.0F ? 1 : 0;
  std::int64_t best = 0;
  for (std::int64_t j = 1; j < row.k; ++j) best = row.z[best] < row.z[j] ? j : best;
  return static_cast<std::int32_t>(best);
}

/// How many rankings of rows a classifier is judged by: one a class, but a single one for two classes.
SLALOM_HD std::int64_t n_rankings(LossKind kind, std::int64_t k) {
  return kind == LossKind::kCrossEntropy && k > 2 ? k : 1;
}

/// The class that ranking r puts at its end.
SLALOM_HD std::int32_t ranked_class(LossKind kind, std::int64_t k, std::int64_t r) {
  if (n_rankings(kind, k) > 1) return static_cast<std::int32_t>(r);
  return kind == LossKind::kCrossEntropy ? static_cast<std::int32_t>(k - 1) : 1;
}

/// Calls write(r, what ranking r sorts by) for every ranking: the probability of its class, or the one logit.
template <class Write>
SLALOM_HD void ranking_scores(LossKind kind, const JudgedRow& row, Write&& write) {
  const Widened z{row.z};
  if (kind != LossKind::kCrossEntropy) {
    write(std::int64_t{0}, z[0]);
    return;
  }
  const bool all = n_rankings(kind, row.k) > 1;
  softmax(z, row.k, OneLane{}, [&](std::int64_t j, double p) {
    if (all) {
      write(j, p);
    } else if (j == row.k - 1) {
      write(std::int64_t{0}, p);
    }
  });
}

/// What a target adds to the sums of regression metrics, in the target's own units: scale * stored + offset.
struct TargetUnits {
  double scale = 1.0;
  double offset = 0.0;
  [[nodiscard]] SLALOM_HD double residual(float output, float target) const {
    return scale * (static_cast<double>(output) - static_cast<double>(target));
  }
  [[nodiscard]] SLALOM_HD double value(float target) const { return offset + scale * static_cast<double>(target); }
};

}  // namespace slalom::core
