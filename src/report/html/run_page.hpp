// SPDX-License-Identifier: Apache-2.0
// Whole reports: of one training run, or of several side by side.
#pragma once

#include <vector>

#include "report/html/page.hpp"
#include "report/run_record.hpp"

namespace slalom::report::html {

/// Everything that the record has of the run.
[[nodiscard]] Page run_page(const RunRecord& record);

/// Curves over each other, results and differing settings side by side. At least two records.
[[nodiscard]] Page comparison_page(const std::vector<RunRecord>& records);

}  // namespace slalom::report::html
