// SPDX-License-Identifier: Apache-2.0
// Resolves column names and indices.
#include "data/column_selection.hpp"

#include <algorithm>
#include <charconv>

#include <slalom/error.hpp>

namespace slalom {
namespace {

constexpr std::size_t kShownColumns = 10;

std::string column_list(const Table& table) {
  std::string list;
  for (std::size_t i = 0; i < std::min(table.columns.size(), kShownColumns); ++i) {
    list += (i == 0 ? "'" : ", '") + table.columns[i].name() + "'";
  }
  if (table.columns.size() > kShownColumns) list += ", ... (" + std::to_string(table.columns.size()) + " in all)";
  return list;
}

[[noreturn]] void refuse_column(const Table& table, const std::string& name, const std::string& flag) {
  throw UsageError(flag + ": no column '" + name + "' in " + table.source + "; columns are " + column_list(table));
}

}  // namespace

std::size_t resolve_column(const Table& table, const std::string& selector, const std::string& flag) {
  if (const auto by_name = table.find(selector)) return *by_name;
  const auto n = static_cast<std::int64_t>(table.columns.size());
  std::int64_t index = 0;
  const char* const end = selector.data() + selector.size();
  const auto [stop, error] = std::from_chars(selector.data(), end, index);
  if (error == std::errc{} && stop == end) {
    if (index < 0) index += n;
    if (index >= 0 && index < n) return static_cast<std::size_t>(index);
  }
  refuse_column(table, selector, flag);
}

namespace data {

ColumnSelection select_columns(const Table& table, const PreprocessOptions& options) {
  ColumnSelection selection;
  if (options.targets.empty())
    throw UsageError("--target: missing, expected a column name or index (-1 is the last column)");
  for (const std::string& name : options.targets) {
    const std::size_t column = resolve_column(table, name, "--target");
    if (std::find(selection.targets.begin(), selection.targets.end(), column) != selection.targets.end()) {
      throw UsageError("--target: column '" + name + "' is named twice");
    }
    selection.targets.push_back(column);
  }
  std::vector<bool> excluded(table.columns.size(), false);
  for (const std::size_t column : selection.targets) excluded[column] = true;
  if (!options.weight_column.empty()) {
    selection.weight = resolve_column(table, options.weight_column, "--weight-column");
    if (excluded[*selection.weight]) throw UsageError("--weight-column: '" + options.weight_column + "' is a target");
    excluded[*selection.weight] = true;
  }
  for (const std::string& name : options.categorical) {
    if (!table.find(name)) refuse_column(table, name, "--categorical");
  }
  for (const std::string& name : options.drop) excluded[resolve_column(table, name, "--drop")] = true;
  if (!options.features.empty()) {
    std::vector<bool> wanted(table.columns.size(), false);
    for (const std::string& name : options.features) wanted[resolve_column(table, name, "--features")] = true;
    for (std::size_t i = 0; i < wanted.size(); ++i) excluded[i] = excluded[i] || !wanted[i];
  }
  for (std::size_t i = 0; i < excluded.size(); ++i) {
    if (!excluded[i]) selection.features.push_back(i);
  }
  if (selection.features.empty()) throw UsageError(table.source + ": no feature column is left besides the target");
  return selection;
}

}  // namespace data
}  // namespace slalom
