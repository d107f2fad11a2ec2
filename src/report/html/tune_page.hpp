// SPDX-License-Identifier: Apache-2.0
// The report of a tuning.
#pragma once

#include "report/html/page.hpp"
#include "report/run_record.hpp"

namespace slalom::report::html {

/// Recommendation, speed and time to the target against batch size, range tests, curves, noise scale, all trials. The
/// record is one of slalom tune (RunRecord::is_tuning).
[[nodiscard]] Page tune_page(const RunRecord& record);

}  // namespace slalom::report::html
