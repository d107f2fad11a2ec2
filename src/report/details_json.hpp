// SPDX-License-Identifier: Apache-2.0
// Data, coefficients and predictions of a trained model as JSON of bounded size (docs/formats.md lists the keys).
#pragma once

#include <nlohmann/json.hpp>

#include <slalom/job.hpp>

namespace slalom::report {

/// Columns with role, kind and statistics; classes.
[[nodiscard]] nlohmann::ordered_json data_json(const JobResult& result);

/// Of a model without hidden layers, in original units: those that matter most, with their effect in standard
/// deviations of their feature.
[[nodiscard]] nlohmann::ordered_json coefficients_json(const Model& model);

[[nodiscard]] nlohmann::ordered_json predictions_json(const PredictionDetails& details);

}  // namespace slalom::report
