// SPDX-License-Identifier: Apache-2.0
// A model explained in text, for `slalom inspect`.
#pragma once

#include <string>

#include <slalom/model.hpp>

#include "text/style.hpp"

namespace slalom {

/// Several lines: model and loss, layers, columns, classes, how it was trained, and a linear model's weights in
/// original units. Names come from files: what is not printable in them is spelt out.
[[nodiscard]] std::string describe(const Model& model, const text::Style& style = {});

}  // namespace slalom
