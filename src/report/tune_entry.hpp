// SPDX-License-Identifier: Apache-2.0
// The result of tuning as the entry of a metrics log (docs/formats.md lists the keys).
#pragma once

#include <nlohmann/json.hpp>

#include <slalom/tune.hpp>

namespace slalom::report {

/// Everything that tune_json has, and the curves of the range tests.
[[nodiscard]] nlohmann::ordered_json tune_entry(const TuneResult& result);

}  // namespace slalom::report
