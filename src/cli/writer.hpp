// SPDX-License-Identifier: Apache-2.0
// Opens a table file for writing from column names and kinds.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "data/table_writer.hpp"

namespace slalom::cli {

/// `columns`: name and whether the column holds text.
inline std::unique_ptr<TableWriter> open_writer(const std::string& path,
                                                const std::vector<std::pair<std::string, bool>>& columns) {
  std::vector<OutputColumn> outputs;
  outputs.reserve(columns.size());
  for (const auto& [name, is_text] : columns) outputs.push_back({name, is_text});
  return TableWriter::create(path, std::move(outputs));
}

}  // namespace slalom::cli
