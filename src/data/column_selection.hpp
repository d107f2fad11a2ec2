// SPDX-License-Identifier: Apache-2.0
// Which columns of a table are features, targets and weight.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <slalom/preprocess.hpp>

namespace slalom::data {

struct ColumnSelection {
  std::vector<std::size_t> features, targets;
  std::optional<std::size_t> weight;
};

/// Throws UsageError naming the flag for unknown or contradicting columns, or when no feature is left.
[[nodiscard]] ColumnSelection select_columns(const Table& table, const PreprocessOptions& options);

/// The column that a model was trained on; `numbers`: as numbers. Throws DataError if it is missing or holds text.
[[nodiscard]] const Column& trained_column(const Table& table, const std::string& name, bool numbers);

}  // namespace slalom::data
