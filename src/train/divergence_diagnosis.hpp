// SPDX-License-Identifier: Apache-2.0
// Why a run may have diverged, from its data, gradients and curvature.
#pragma once

#include <string>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>

namespace slalom::training {

/// A run that diverged for good.
struct DivergedRun {
  const ModelSpec& spec;
  const Dataset& train;
  const OptimizerConfig& optimizer;
  std::vector<std::string> features;  ///< names, [n_features]
  std::vector<double> parameters;     ///< the arena that the run ended on
  bool trained = true;                ///< it is a good state; false: it is what the run started from
};

/// Root mean square of every feature over a few thousand rows: [n_features].
[[nodiscard]] std::vector<double> feature_sizes(const Dataset& data);

/// Lines for people, without full stops: features and targets far from the size 1 that standardising gives them, the
/// gradient's norm and the feature that most of it comes from, the largest learning rate that the curvature allows, and
/// what to try.
[[nodiscard]] std::vector<std::string> diagnose(const DivergedRun& run);

}  // namespace slalom::training
