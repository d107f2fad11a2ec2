// SPDX-License-Identifier: Apache-2.0
// What training showed of itself, for people.
#pragma once

#include <string>
#include <vector>

#include <slalom/job.hpp>

#include "text/style.hpp"

namespace slalom::report {

/// One line for every finding that calls for advice.
[[nodiscard]] std::string advice_lines(const std::vector<Finding>& findings, const text::Style& style = {});

/// Everything that was looked at, at length.
[[nodiscard]] std::string explanation(const std::vector<Finding>& findings, const text::Style& style = {});

}  // namespace slalom::report
