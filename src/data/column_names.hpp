// SPDX-License-Identifier: Apache-2.0
// Rules for the names of a table's columns, the same for every format.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "slalom/table.hpp"

namespace slalom {

/// Throws DataError, starting with `place`, if there are no columns, two have the same name, or a name is not UTF-8.
void check_column_names(const std::string& place, const std::vector<std::string>& names);

/// What ReadOptions::kinds says about columns. Looking one up does not get slower with their number.
class KnownKinds {
 public:
  /// `options` outlives this object, unchanged.
  explicit KnownKinds(const ReadOptions& options);

  /// true = categorical, false = numeric, nullopt = not known.
  [[nodiscard]] std::optional<bool> find(const std::string& name) const;

 private:
  std::unordered_map<std::string_view, bool> kinds_;
};

}  // namespace slalom
