// SPDX-License-Identifier: Apache-2.0
// Parameters of the same function under another scaling of features and targets.
#pragma once

#include <vector>

#include <slalom/model.hpp>

namespace slalom::model_io {

/// `model`'s parameters, changed in the first and the last layer so that with the offsets and scales of `to` (whose
/// features and targets are the model's) the model predicts what it predicted, up to rounding to float32.
[[nodiscard]] std::vector<double> rescaled_parameters(const Model& model, const Preprocessing& to);

}  // namespace slalom::model_io
