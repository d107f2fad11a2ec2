// SPDX-License-Identifier: Apache-2.0
// Seeded splits of rows: one validation part, or k folds.
#pragma once

#include <cstdint>
#include <vector>

namespace slalom::data {

/// Row indices in ascending order.
struct RowSplit {
  std::vector<std::uint32_t> train, valid;
};

/// Draws round(fraction * n) validation rows, at least one of each part. Throws UsageError (--valid-fraction) if that
/// cannot be.
[[nodiscard]] RowSplit split_rows(std::int64_t n_rows, double valid_fraction, std::uint64_t seed);

/// k disjoint folds, together all rows, sizes differing by at most one. Throws UsageError (--folds) unless 2 <= k <=
/// n_rows.
[[nodiscard]] std::vector<std::vector<std::uint32_t>> fold_rows(std::int64_t n_rows, std::int64_t k,
                                                                std::uint64_t seed);

}  // namespace slalom::data
