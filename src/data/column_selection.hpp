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

}  // namespace slalom::data
