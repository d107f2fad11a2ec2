// SPDX-License-Identifier: Apache-2.0
// What the guard did, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <slalom/trainer.hpp>

namespace slalom::report {

/// One line: what happened where, what was returned to, and the rates.
[[nodiscard]] std::string guard_line(const GuardEvent& event);

/// One line about all of it; empty if nothing happened.
[[nodiscard]] std::string guard_summary(const std::vector<GuardEvent>& events);

[[nodiscard]] nlohmann::ordered_json guard_json(const GuardEvent& event);

}  // namespace slalom::report
