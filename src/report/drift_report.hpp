// SPDX-License-Identifier: Apache-2.0
// How new data differ from a model's, as a table and as JSON.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include <slalom/drift.hpp>

#include "text/style.hpp"

namespace slalom::report {

/// The worst columns, a few of them, with a line above that says how many matter.
[[nodiscard]] std::string drift_table(const DriftReport& drift, const text::Style& style = {});

/// rows, columns, beyond, and the columns by score.
[[nodiscard]] nlohmann::ordered_json drift_json(const DriftReport& drift);

}  // namespace slalom::report
