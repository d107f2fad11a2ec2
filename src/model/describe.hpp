// SPDX-License-Identifier: Apache-2.0
// A model explained in text, for `slalom inspect`.
#pragma once

#include <string>

#include <slalom/model.hpp>

namespace slalom {

/// Several lines: model and loss, layers, columns, classes, how it was trained, and a linear model's weights in
/// original units.
[[nodiscard]] std::string describe(const Model& model);

}  // namespace slalom
