// SPDX-License-Identifier: Apache-2.0
// Selects and splits the rows of a job.
#include "train/job_rows.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <set>

#include <slalom/error.hpp>

namespace slalom::training {
namespace {

/// A cell as a key that is equal for equal classes; NaN if it is missing.
double class_key(const Column& column, std::uint32_t row) {
  if (column.is_numeric()) return column.numeric().values[row];
  const std::int32_t code = column.categorical().codes[row];
  return code == CategoricalColumn::kMissing ? std::nan("") : static_cast<double>(code);
}

const Column& target_column(const Table& table, const std::string& target) {
  return table.columns[resolve_column(table, target, "--target")];
}

std::vector<std::uint32_t> picked(const std::vector<std::uint32_t>& usable, std::vector<std::uint32_t> positions) {
  std::transform(positions.begin(), positions.end(), positions.begin(), [&](std::uint32_t at) { return usable[at]; });
  return positions;
}

}  // namespace

std::vector<std::uint32_t> rows_with_targets(const Table& table, const std::vector<std::string>& targets,
                                             Notes& notes) {
  std::vector<const Column*> columns;
  columns.reserve(targets.size());
  for (const std::string& target : targets) columns.push_back(&target_column(table, target));
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(table.n_rows); ++row) {
    const bool complete = std::none_of(columns.begin(), columns.end(),
                                       [row](const Column* column) { return std::isnan(class_key(*column, row)); });
    if (complete) rows.push_back(row);
  }
  if (rows.empty()) {
    throw DataError("--target: column '" + columns.front()->name() + "' of " + table.source + " has no values" +
                    (columns.size() > 1 ? " where the other targets have some" : ""));
  }
  const std::int64_t missing = table.n_rows - static_cast<std::int64_t>(rows.size());
  if (missing > 0) {
    notes.push_back(table.source + ": " + std::to_string(missing) + " of " + std::to_string(table.n_rows) +
                    " rows have no target and are left out");
  }
  return rows;
}

data::RowSplit split_of(const std::vector<std::uint32_t>& usable, double valid_fraction, std::uint64_t seed) {
  if (valid_fraction == 0.0) return {.train = usable, .valid = {}};
  data::RowSplit split = data::split_rows(static_cast<std::int64_t>(usable.size()), valid_fraction, seed);
  return {.train = picked(usable, std::move(split.train)), .valid = picked(usable, std::move(split.valid))};
}

std::vector<data::RowSplit> folds_of(const std::vector<std::uint32_t>& usable, std::int64_t k, std::uint64_t seed) {
  std::vector<data::RowSplit> splits;
  for (auto& fold : data::fold_rows(static_cast<std::int64_t>(usable.size()), k, seed)) {
    data::RowSplit split{.train = {}, .valid = picked(usable, std::move(fold))};
    std::set_difference(usable.begin(), usable.end(), split.valid.begin(), split.valid.end(),
                        std::back_inserter(split.train));
    splits.push_back(std::move(split));
  }
  return splits;
}

void train_on_every_class(const Table& table, const std::string& target, data::RowSplit& split, Notes& notes) {
  const Column& column = target_column(table, target);
  std::set<double> trained;
  for (const std::uint32_t row : split.train) trained.insert(class_key(column, row));
  const auto first_moved = std::stable_partition(split.valid.begin(), split.valid.end(), [&](std::uint32_t row) {
    return trained.count(class_key(column, row)) > 0;
  });
  const auto n_moved = std::distance(first_moved, split.valid.end());
  if (n_moved == 0) return;
  notes.push_back(std::to_string(n_moved) + " row" + (n_moved == 1 ? "" : "s") +
                  " drawn for validation have a class that no training row has; they are trained on instead");
  split.train.insert(split.train.end(), first_moved, split.valid.end());
  split.valid.erase(first_moved, split.valid.end());
  std::sort(split.train.begin(), split.train.end());
}

}  // namespace slalom::training
