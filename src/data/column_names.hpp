// SPDX-License-Identifier: Apache-2.0
// Rules for the names of a table's columns, the same for every format.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slalom/table.hpp"

namespace slalom {

/// Throws DataError, starting with `place`, if there are no columns, two have the same name, or a name is not UTF-8.
void check_column_names(const std::string& place, const std::vector<std::string>& names);

/// What `options.kinds` says about the column: true = categorical, false = numeric, nullopt = not known.
[[nodiscard]] std::optional<bool> known_kind(const ReadOptions& options, const std::string& name);

}  // namespace slalom
