// SPDX-License-Identifier: Apache-2.0
// The columns of a table by name, for those who look up many.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

#include <slalom/table.hpp>

namespace slalom::data {

/// Finds a column in constant time, where Table::find goes over all. Made in linear time. Refers to the table, which has to
/// stay as it is. Of several columns of one name the first counts, as for Table::find.
class ColumnIndex {
 public:
  explicit ColumnIndex(const Table& table);

  /// nullptr: there is none of that name.
  [[nodiscard]] const Column* find(std::string_view name) const;

  /// The column that a model was trained on; `numbers`: as numbers. Throws DataError if it is missing or holds text.
  [[nodiscard]] const Column& trained(const std::string& name, bool numbers) const;

 private:
  const Table& table_;
  std::unordered_map<std::string_view, std::size_t> positions_;
};

}  // namespace slalom::data
