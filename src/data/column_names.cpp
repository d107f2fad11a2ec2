// SPDX-License-Identifier: Apache-2.0
// Rules for the names of a table's columns, the same for every format.
#include "data/column_names.hpp"

#include <fmt/format.h>

#include "data/cell_text.hpp"
#include "slalom/error.hpp"

namespace slalom {

void check_column_names(const std::string& place, const std::vector<std::string>& names) {
  if (names.empty()) throw DataError(place + ": has no columns");
  std::unordered_map<std::string_view, std::size_t> positions;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!is_utf8(names[i])) {
      throw DataError(fmt::format("{}: the column name {} is not UTF-8; convert the file to UTF-8", place,
                                  quote_for_message(names[i])));
    }
    const auto [found, is_new] = positions.try_emplace(names[i], i);
    if (!is_new) {
      throw DataError(fmt::format("{}: two columns are named {} (positions {} and {}, counted from 0)", place,
                                  quote_for_message(names[i]), found->second, i));
    }
  }
}

KnownKinds::KnownKinds(const ReadOptions& options) {
  for (const auto& [name, is_categorical] : options.kinds) kinds_.try_emplace(name, is_categorical);
}

std::optional<bool> KnownKinds::find(const std::string& name) const {
  const auto found = kinds_.find(name);
  return found == kinds_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace slalom
