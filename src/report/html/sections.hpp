// SPDX-License-Identifier: Apache-2.0
// The sections of a training report, each from the record of the run. What the log does not have is said or left out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "report/html/page.hpp"
#include "report/run_record.hpp"

namespace slalom::report::html {

/// What a page shows at most, so that it stays readable and small: rows of a table beside a chart, curves in a panel.
inline constexpr std::size_t kMostRows = 200, kMostCurves = 8;

/// What came of it: the main numbers, how it ended, metrics side by side, restarts and folds.
[[nodiscard]] Section result_section(const RunRecord& record);

/// Advice, findings, notes. Nothing if there are none.
[[nodiscard]] std::optional<Section> findings_section(const RunRecord& record);

/// Loss, learning rate, what the guard did; metrics; speed and memory; the members.
[[nodiscard]] std::optional<Section> curves_section(const RunRecord& record);

/// Predicted against actual and residuals, or ROC, precision and recall, and the confusion matrix.
[[nodiscard]] std::optional<Section> predictions_section(const RunRecord& record);

/// Of models without hidden layers.
[[nodiscard]] std::optional<Section> coefficients_section(const RunRecord& record);

/// Columns with their roles and statistics; how they differ from those of the model that was gone on from.
[[nodiscard]] std::optional<Section> data_section(const RunRecord& record);

/// Command line, versions, machine, every setting.
[[nodiscard]] Section run_section(const RunRecord& record);

/// A number with at most six digits; "" for what is not one.
[[nodiscard]] std::string number_text(double value, int digits = 6);

}  // namespace slalom::report::html
