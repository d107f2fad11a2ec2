// SPDX-License-Identifier: Apache-2.0
// A model's description and preprocessing as JSON text, as the model file stores it.
#pragma once

#include <string>
#include <string_view>

#include <slalom/model.hpp>

namespace slalom::model_io {

/// Everything of the model but its parameters; keys in a fixed order, numbers in their shortest exact form.
[[nodiscard]] std::string to_json(const Model& model);

/// Reads what to_json wrote into a Model without parameters. Throws DataError (without a file name) if anything is
/// missing, of the wrong type or out of range.
[[nodiscard]] Model from_json(std::string_view text);

}  // namespace slalom::model_io
