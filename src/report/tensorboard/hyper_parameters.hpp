// SPDX-License-Identifier: Apache-2.0
// The settings by which runs are compared.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace slalom::report {

using HyperParameter = std::variant<bool, double, std::string>;

/// Names and values.
using HyperParameters = std::vector<std::pair<std::string, HyperParameter>>;

}  // namespace slalom::report
