// SPDX-License-Identifier: Apache-2.0
// Takes a model's predictions apart for reports.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>
#include <slalom/prediction_details.hpp>
#include <slalom/preprocess.hpp>

namespace slalom::training {

/// At most this many rows are predicted for it; of more, evenly spaced ones.
inline constexpr std::int64_t kMostJudgedRows = 1'000'000;

/// From the raw outputs of `rows` of `data`: [rows.size(), n_outputs] row-major. `validation` is left to the caller.
[[nodiscard]] PredictionDetails details_of(const ModelSpec& spec, const Preprocessing& preprocessing,
                                           const Dataset& data, std::span<const std::uint32_t> rows,
                                           std::span<const float> outputs);

/// Equal stretches from the lowest to the highest value; a single one if they are all the same. `values` are finite.
[[nodiscard]] Histogram histogram_of(std::span<const double> values, std::int64_t stretches);

/// The curve of one class; nothing if all rows or none are positive. Scores are not NaN.
[[nodiscard]] std::optional<ClassDetails> class_curve(std::span<const double> scores,
                                                      std::span<const std::int32_t> truth, std::int32_t positive);

}  // namespace slalom::training
