// SPDX-License-Identifier: Apache-2.0
// A range test for people (a table), for programs (JSON) and for plots (CSV).
#pragma once

#include <string>

#include <slalom/lr_find.hpp>

#include "text/style.hpp"

namespace slalom::report {

/// About twenty points of the curve with a bar each, and the suggestion with its reason.
[[nodiscard]] std::string lr_find_table(const LrFindResult& result, const text::Style& style = {});

/// One line of JSON with the keys that docs/tuning.md lists.
[[nodiscard]] std::string lr_find_json(const LrFindResult& result);

/// learning_rate,loss,smoothed_loss: a header and one line a step.
[[nodiscard]] std::string lr_find_csv(const LrFindResult& result);

}  // namespace slalom::report
