// SPDX-License-Identifier: Apache-2.0
// The result of tuning: a table for people and one JSON object for programs.
#pragma once

#include <string>

#include <slalom/tune.hpp>

#include "text/style.hpp"

namespace slalom::report {

/// One line a row, the recommended one marked; target, recommendation with its reason, noise scale.
[[nodiscard]] std::string tune_table(const TuneResult& result, const text::Style& style = {});

/// One line of JSON with the keys that docs/tuning.md lists.
[[nodiscard]] std::string tune_json(const TuneResult& result);

}  // namespace slalom::report
