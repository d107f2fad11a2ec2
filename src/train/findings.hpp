// SPDX-License-Identifier: Apache-2.0
// What a finished run shows of itself: overshoot, no progress, plateaus, units that are stuck.
#pragma once

#include <span>
#include <vector>

#include <slalom/job.hpp>

namespace slalom::training {

/// A run that has ended, and what it was of.
struct FinishedRun {
  const ModelSpec& spec;
  const Dataset& train;
  const TrainerConfig& trainer;
  const MemberResult& member;
  std::span<const float> parameters;  ///< of the model
};

/// Everything that could be looked at, with a line of advice where something was found. Thresholds are such that a run
/// that learns as it should gets none: docs/reliability.md has them.
[[nodiscard]] std::vector<Finding> findings_of(const FinishedRun& run);

/// Mean loss (stored-target units) of the best answer that is the same for every row; nullopt for losses other than
/// mse, log loss and cross-entropy.
[[nodiscard]] std::optional<double> constant_loss(const ModelSpec& spec, const Dataset& data);

}  // namespace slalom::training
