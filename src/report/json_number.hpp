// SPDX-License-Identifier: Apache-2.0
// Numbers as JSON has them.
#pragma once

#include <cmath>
#include <optional>

#include <nlohmann/json.hpp>

namespace slalom::report {

/// null for what JSON has no number for.
[[nodiscard]] inline nlohmann::ordered_json json_number(double value) {
  return std::isfinite(value) ? nlohmann::ordered_json(value) : nlohmann::ordered_json(nullptr);
}
[[nodiscard]] inline nlohmann::ordered_json json_number(const std::optional<double>& value) {
  return value ? json_number(*value) : nlohmann::ordered_json(nullptr);
}

}  // namespace slalom::report
