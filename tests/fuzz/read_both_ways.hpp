// SPDX-License-Identifier: Apache-2.0
// Reads a table at once and in pieces, and holds the two against each other.
#pragma once

#include <slalom/error.hpp>
#include <slalom/table.hpp>

#include "fuzz/memory_file.hpp"

namespace slalom::fuzz {

/// Refused input is fine; a table of which the streamed pieces differ, or columns of unequal length, is a defect.
inline void read_both_ways(const std::string& path, ReadOptions options) {
  Table whole;
  try {
    whole = read_table(path, options);
  } catch (const Error&) {
    return;
  }
  options.kinds.clear();
  for (const Column& column : whole.columns) {
    if (column.size() != whole.n_rows) report("column '" + column.name() + "' has a length of its own");
    options.kinds.emplace_back(column.name(), !column.is_numeric());
  }
  options.block_bytes = 64;
  std::int64_t n_rows = 0;
  try {
    stream_table(path, options, [&](const Table& piece) {
      if (piece.columns.size() != whole.columns.size()) report("a piece has other columns");
      if (piece.first_row != n_rows) report("pieces do not follow each other");
      n_rows += piece.n_rows;
      if (n_rows > whole.n_rows) report("the pieces have more rows");
      if (piece.place(0) != whole.place(piece.first_row)) report("a piece names another place");
    });
  } catch (const Error& error) {
    report(std::string("only reading in pieces fails: ") + error.what());
  }
  if (n_rows != whole.n_rows) report("the pieces have fewer rows");
}

}  // namespace slalom::fuzz
