// SPDX-License-Identifier: Apache-2.0
// Reads JSON from strangers: what is missing or of another kind is as if it were not there.
#pragma once

#include <cmath>
#include <limits>
#include <string>

#include <nlohmann/json.hpp>

namespace slalom::report {

/// The member, or null.
[[nodiscard]] inline const nlohmann::ordered_json& field(const nlohmann::ordered_json& json, const char* name) {
  static const nlohmann::ordered_json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(name);
  return found == json.end() ? kNull : *found;
}

/// The member if it is a list or an object, else an empty list.
[[nodiscard]] inline const nlohmann::ordered_json& items_of(const nlohmann::ordered_json& json, const char* name) {
  static const nlohmann::ordered_json kNone = nlohmann::ordered_json::array();
  const nlohmann::ordered_json& value = field(json, name);
  return value.is_structured() ? value : kNone;
}

/// The number that the value is, or NaN.
[[nodiscard]] inline double to_number(const nlohmann::ordered_json& value) {
  return value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN();
}

[[nodiscard]] inline double number_of(const nlohmann::ordered_json& json, const char* name) {
  return to_number(field(json, name));
}

/// The string that the member is, or "".
[[nodiscard]] inline std::string text_of(const nlohmann::ordered_json& json, const char* name) {
  const nlohmann::ordered_json& value = field(json, name);
  return value.is_string() ? value.get<std::string>() : "";
}

[[nodiscard]] inline bool flag_of(const nlohmann::ordered_json& json, const char* name) {
  const nlohmann::ordered_json& value = field(json, name);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace slalom::report
