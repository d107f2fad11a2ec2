// SPDX-License-Identifier: Apache-2.0
// What tests of the readers share: messages of errors, comparing tables, joining streamed pieces.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "slalom/error.hpp"
#include "slalom/table.hpp"

namespace slalom::testing {

/// The message of the slalom::Error that `action` throws; "" with a failure if it throws none.
template <class Action>
std::string message_of(const Action& action, ExitCode expected_code = ExitCode::kData) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), expected_code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return "";
}

/// The cells of a column as texts; numbers in hexadecimal notation, so that equal texts mean equal bits; missing is
/// "~".
inline std::vector<std::string> cells(const Column& column) {
  std::vector<std::string> out;
  if (column.is_numeric()) {
    for (const double value : column.numeric().values) {
      char text[64];
      std::snprintf(text, sizeof(text), "%a", value);
      out.emplace_back(std::isnan(value) ? "~" : text);
    }
  } else {
    for (const std::int32_t code : column.categorical().codes) {
      out.push_back(code == CategoricalColumn::kMissing
                        ? "~"
                        : column.categorical().categories.at(static_cast<std::size_t>(code)));
    }
  }
  return out;
}

/// Column `name` of `table`; fails the test if there is none.
inline const Column& column_of(const Table& table, const std::string& name) {
  const auto position = table.find(name);
  EXPECT_TRUE(position.has_value()) << "no column " << name;
  return table.columns.at(position.value_or(0));
}

inline std::vector<double> numbers(const Table& table, const std::string& name) {
  return column_of(table, name).numeric().values;
}

inline std::vector<std::string> names(const Table& table) {
  std::vector<std::string> out;
  for (const Column& column : table.columns) out.push_back(column.name());
  return out;
}

inline void expect_equal(const Table& actual, const Table& expected) {
  ASSERT_EQ(names(actual), names(expected));
  EXPECT_EQ(actual.n_rows, expected.n_rows);
  for (std::size_t i = 0; i < expected.columns.size(); ++i) {
    const Column& column = actual.columns[i];
    ASSERT_EQ(column.is_numeric(), expected.columns[i].is_numeric()) << column.name();
    ASSERT_EQ(column.size(), actual.n_rows) << column.name();
    EXPECT_EQ(cells(column), cells(expected.columns[i])) << column.name();
    if (!column.is_numeric()) {
      EXPECT_EQ(column.categorical().categories, expected.columns[i].categorical().categories) << column.name();
    }
  }
}

/// The kinds of a table's columns, as streamed reading wants them.
inline std::vector<std::pair<std::string, bool>> kinds_of(const Table& table) {
  std::vector<std::pair<std::string, bool>> out;
  for (const Column& column : table.columns) out.emplace_back(column.name(), !column.is_numeric());
  return out;
}

/// Streams `path` in pieces of `block_bytes` and expects their cells, places and order to be those of `whole`; returns
/// the number of pieces.
inline int expect_streams_like(const Table& whole, const std::string& path, ReadOptions options,
                               std::int64_t block_bytes) {
  options.kinds = kinds_of(whole);
  options.block_bytes = block_bytes;
  std::vector<std::vector<std::string>> joined(whole.columns.size());
  std::int64_t n_rows = 0;
  int n_pieces = 0;
  stream_table(path, options, [&](const Table& piece) {
    ASSERT_EQ(names(piece), names(whole));
    ASSERT_EQ(piece.first_row, n_rows);
    ASSERT_GT(piece.n_rows, 0);
    for (const std::int64_t row : {std::int64_t{0}, piece.n_rows / 2, piece.n_rows - 1}) {
      EXPECT_EQ(piece.place(row), whole.place(n_rows + row));
    }
    for (std::size_t i = 0; i < joined.size(); ++i) {
      const auto more = cells(piece.columns[i]);
      ASSERT_EQ(static_cast<std::int64_t>(more.size()), piece.n_rows);
      joined[i].insert(joined[i].end(), more.begin(), more.end());
    }
    n_rows += piece.n_rows;
    ++n_pieces;
  });
  EXPECT_EQ(n_rows, whole.n_rows);
  for (std::size_t i = 0; i < joined.size(); ++i) EXPECT_EQ(joined[i], cells(whole.columns[i])) << names(whole)[i];
  return n_pieces;
}

}  // namespace slalom::testing
