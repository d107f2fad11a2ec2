// SPDX-License-Identifier: Apache-2.0
// Maps names to positions once.
#include "data/column_index.hpp"

#include <slalom/error.hpp>

namespace slalom::data {

ColumnIndex::ColumnIndex(const Table& table) : table_(table) {
  positions_.reserve(table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) positions_.emplace(table.columns[i].name(), i);
}

const Column* ColumnIndex::find(std::string_view name) const {
  const auto found = positions_.find(name);
  return found == positions_.end() ? nullptr : &table_.columns[found->second];
}

const Column& ColumnIndex::trained(const std::string& name, bool numbers) const {
  const Column* const column = find(name);
  if (column == nullptr) {
    throw DataError(table_.source + ": column '" + name + "' is missing; the model was trained on it");
  }
  if (numbers && !column->is_numeric()) {
    throw DataError(table_.source + ": column '" + name + "' holds text; the model was trained on numbers");
  }
  return *column;
}

}  // namespace slalom::data
