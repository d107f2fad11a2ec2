// SPDX-License-Identifier: Apache-2.0
// The end of a run: a table for people and one JSON object for programs.
#pragma once

#include <string>
#include <vector>

#include <slalom/job.hpp>

#include "text/style.hpp"

namespace slalom::report {

/// The metrics that apply as a JSON object: rows, loss, and each by name (docs/formats.md).
[[nodiscard]] std::string metrics_json(const Metrics& metrics);

/// Metrics as aligned lines, with the confusion matrix of a classifier with at most 20 classes.
[[nodiscard]] std::string metrics_table(const Metrics& metrics, const std::vector<std::string>& classes,
                                        const text::Style& style = {});

/// One line of JSON with the keys that docs/formats.md lists.
[[nodiscard]] std::string summary_json(const JobResult& result, std::uint64_t seed);

/// Rows, epochs, speed, training and validation metrics side by side; every restart or fold; what bound the run.
[[nodiscard]] std::string summary_table(const JobResult& result, const std::string& bound,
                                        const text::Style& style = {});

}  // namespace slalom::report
