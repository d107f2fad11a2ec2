// SPDX-License-Identifier: Apache-2.0
// What losses need of a training set.
#pragma once

#include <slalom/dataset.hpp>
#include <slalom/model.hpp>

#include "core/losses.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {

/// Targets or labels, row weights, number of outputs and the loss's constant; tile == kMostTile.
[[nodiscard]] inline LinearProblem loss_problem(const ModelSpec& spec, const Dataset& data) {
  const bool labelled = spec.loss.kind == LossKind::kCrossEntropy;
  return {.targets = labelled || data.targets.empty() ? nullptr : data.targets.data(),
          .labels = data.labels.empty() ? nullptr : data.labels.data(),
          .row_weights = data.weights.empty() ? nullptr : data.weights.data(),
          .n_outputs = spec.n_outputs,
          .tile = kMostTile,
          .loss_constant = static_cast<float>(core::loss_constant(spec.loss))};
}

}  // namespace slalom::cpu
