// SPDX-License-Identifier: Apache-2.0
// Counts and moments of columns.
#include "data/column_statistics.hpp"

#include <algorithm>
#include <cmath>

#include "data/class_names.hpp"

namespace slalom::data {

ColumnStatistics number_statistics(const std::vector<double>& values, const RowList& rows) {
  ColumnStatistics s;
  double n = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {  // Welford 1962: exact enough for timestamps
    const double value = values[rows[i]];
    if (std::isnan(value)) continue;
    n += 1.0;
    const double from_mean = value - s.mean;
    s.mean += from_mean / n;
    s.deviation += from_mean * (value - s.mean);
  }
  s.deviation = n > 0.0 ? std::sqrt(s.deviation / n) : 0.0;
  s.missing = rows.size() > 0 ? 1.0 - n / static_cast<double>(rows.size()) : 0.0;
  return s;
}

ColumnStatistics level_statistics(const CategoricalColumn& cells, const RowList& rows,
                                  const std::vector<std::int32_t>& level_of, std::int64_t n_levels) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(n_levels), 0);
  std::int64_t n = 0, unseen = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::int32_t code = cells.codes[rows[i]];
    if (code == CategoricalColumn::kMissing) continue;
    ++n;
    const std::int32_t level = level_of[static_cast<std::size_t>(code)];
    ++(level < 0 ? unseen : counts[static_cast<std::size_t>(level)]);
  }
  const auto share = [n](std::int64_t count) {
    return n > 0 ? static_cast<double>(count) / static_cast<double>(n) : 0.0;
  };
  ColumnStatistics s;
  s.unseen = share(unseen);
  for (const std::int64_t count : counts) s.shares.push_back(share(count));
  if (rows.size() > 0) s.missing = 1.0 - static_cast<double>(n) / static_cast<double>(rows.size());
  return s;
}

ColumnStatistics input_statistics(const InputColumn& input, const Column& column, const RowList& rows) {
  if (!input.categorical) return number_statistics(column.numeric().values, rows);
  if (column.is_numeric()) {
    const CategoricalColumn cells = as_categories(column.numeric());
    return level_statistics(cells, rows, level_codes(input, cells.categories), input.width());
  }
  return level_statistics(column.categorical(), rows, level_codes(input, column.categorical().categories),
                          input.width());
}

ColumnStatistics target_statistics(const Preprocessing& preprocessing, const Column& column, const RowList& rows) {
  if (preprocessing.classes.empty()) return number_statistics(column.numeric().values, rows);
  const CategoricalColumn cells = column.is_numeric() ? as_categories(column.numeric()) : column.categorical();
  std::vector<std::int32_t> level_of;
  for (const std::string& name : cells.categories) {
    const auto found = std::find(preprocessing.classes.begin(), preprocessing.classes.end(), name);
    level_of.push_back(
        found == preprocessing.classes.end() ? -1 : static_cast<std::int32_t>(found - preprocessing.classes.begin()));
  }
  return level_statistics(cells, rows, level_of, static_cast<std::int64_t>(preprocessing.classes.size()));
}

}  // namespace slalom::data
