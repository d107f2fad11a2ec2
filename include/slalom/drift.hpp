// SPDX-License-Identifier: Apache-2.0
// How new data differ from those that a model was trained on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <slalom/preprocess.hpp>

namespace slalom {

/// One column, then and now.
struct ColumnDrift {
  std::string name;
  bool is_target = false;
  bool categorical = false;
  ColumnStatistics before, now;
  double shift = 0.0;     ///< numbers: |mean now - mean before| in standard deviations before
  double spread = 1.0;    ///< numbers: standard deviation now over the one before
  double distance = 0.0;  ///< categories: total variation distance of the shares, 0 (the same) to 1
  double score = 0.0;     ///< the largest of the column's measures over its threshold: above 1 it matters
  std::string finding;    ///< that measure, in words
};

/// All columns that the model has statistics of, the worst first.
struct DriftReport {
  std::int64_t rows = 0;
  std::vector<ColumnDrift> columns;

  [[nodiscard]] std::int64_t n_beyond() const noexcept;  ///< columns that matter
};

/// What is too much. Differences that `rows` rows have by chance are never too much: thresholds are at least about four
/// standard errors.
struct DriftThresholds {
  double shift = 0.5;     ///< standard deviations
  double spread = 2.0;    ///< factor, up or down
  double distance = 0.2;  ///< of shares
  double unseen = 0.01;   ///< share of cells with categories that are no level
  double missing = 0.1;   ///< rise of the share of missing cells
};

/// Compares the given rows (empty: all) with the statistics in `preprocessing`. Throws DataError for missing columns.
[[nodiscard]] DriftReport measure_drift(const Preprocessing& preprocessing, const Table& table,
                                        std::span<const std::uint32_t> rows, const DriftThresholds& limits = {});

}  // namespace slalom
