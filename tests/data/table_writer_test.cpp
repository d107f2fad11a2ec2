// SPDX-License-Identifier: Apache-2.0
// TableWriter: what is written reads back as the same table, in every format.
#include "data/table_writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "data/temp_files.hpp"
#include "slalom/error.hpp"
#include "support/message_of.hpp"

namespace slalom {
namespace {

using testing::file_content;
using testing::message_of;
using testing::TempFolder;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

Table mixed_table() {
  Table table;
  table.n_rows = 4;
  table.columns.emplace_back("x", NumericColumn{{0.1, -1e300, kNaN, 5e-324}});
  table.columns.emplace_back("a, b", CategoricalColumn{{0, 1, -1, 2}, {"plain", "say \"hi\"", " two\nlines "}});
  return table;
}

Table numeric_table() {
  Table table;
  table.n_rows = 3;
  table.columns.emplace_back("x0", NumericColumn{{1.5, kNaN, 1.0 / 3.0}});
  table.columns.emplace_back("x1", NumericColumn{{-0.0, 2, 1e22}});
  return table;
}

std::vector<OutputColumn> columns_of(const Table& table) {
  std::vector<OutputColumn> columns;
  for (const Column& column : table.columns)
    columns.push_back({.name = column.name(), .is_categorical = !column.is_numeric()});
  return columns;
}

/// Writes `table` twice over, as two pieces.
void write_twice(const Table& table, const std::string& path) {
  const auto writer = TableWriter::create(path, columns_of(table));
  writer->write(table.columns);
  writer->write(table.columns);
  writer->finish();
}

void expect_twice(const Table& table, const std::string& path) {
  const Table read = read_table(path);
  ASSERT_EQ(read.n_rows, 2 * table.n_rows);
  ASSERT_EQ(read.columns.size(), table.columns.size());
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& expected = table.columns[i];
    const Column& actual = read.columns[i];
    EXPECT_EQ(actual.name(), expected.name());
    ASSERT_EQ(actual.is_numeric(), expected.is_numeric());
    for (std::size_t row = 0; row < static_cast<std::size_t>(read.n_rows); ++row) {
      const std::size_t source = row % static_cast<std::size_t>(table.n_rows);
      if (expected.is_numeric()) {
        const double wanted = expected.numeric().values[source];
        const double found = actual.numeric().values[row];
        EXPECT_TRUE(std::isnan(wanted) ? std::isnan(found) : wanted == found) << path << ", row " << row;
      } else {
        EXPECT_EQ(actual.categorical().codes[row], expected.categorical().codes[source]);
      }
    }
    if (expected.is_numeric()) continue;
    EXPECT_EQ(actual.categorical().categories, expected.categorical().categories);
  }
}

TEST(TableWriter, ReadsBackTheSameNumbersAndTextsInEveryFormat) {
  const TempFolder folder;
  for (const char* name : {"t.csv", "t.tsv", "t.parquet", "t.feather", "t.arrow"}) {
    write_twice(mixed_table(), folder.path(name));
    expect_twice(mixed_table(), folder.path(name));
  }
}

TEST(TableWriter, ReadsBackNumbersFromNpy) {
  const TempFolder folder;
  write_twice(numeric_table(), folder.path("t.npy"));
  expect_twice(numeric_table(), folder.path("t.npy"));
}

TEST(TableWriter, WritesShortestNumbersAndQuotesOnlyWhereNeeded) {
  const TempFolder folder;
  const std::string path = folder.path("t.csv");
  const Table table = mixed_table();
  const auto writer = TableWriter::create(path, columns_of(table));
  writer->write(table.columns);
  writer->finish();
  EXPECT_EQ(file_content(path), "x,\"a, b\"\n0.1,plain\n-1e+300,\"say \"\"hi\"\"\"\n,\n5e-324,\" two\nlines \"\n");
}

TEST(TableWriter, KeepsMissingCellsOfASingleColumn) {
  const TempFolder folder;
  Table table;
  table.n_rows = 2;
  table.columns.emplace_back("x", NumericColumn{{1, kNaN}});
  write_twice(table, folder.path("t.csv"));
  expect_twice(table, folder.path("t.csv"));
}

TEST(TableWriter, LeavesNothingBehindWithoutFinish) {
  const TempFolder folder;
  for (const char* name : {"t.csv", "t.parquet", "t.feather"}) {
    TableWriter::create(folder.path(name), columns_of(mixed_table()))->write(mixed_table().columns);
  }
  TableWriter::create(folder.path("t.npy"), columns_of(numeric_table()))->write(numeric_table().columns);
  EXPECT_EQ(folder.count_files(), 0U);
}

TEST(TableWriter, RefusesWhatItCannotWriteBeforeWork) {
  const TempFolder folder;
  const auto create = [&](const std::string& name) {
    return [&folder, name] { (void)TableWriter::create(folder.path(name), columns_of(mixed_table())); };
  };
  EXPECT_EQ(message_of<UsageError>(create("t.npy")),
            folder.path("t.npy") +
                ": column \"a, b\" is text, which .npy cannot hold; expected .csv, .tsv, .parquet or .feather");
  EXPECT_EQ(
      message_of<UsageError>(create("t.csv.gz")),
      folder.path("t.csv.gz") + ": gzip output is not supported, expected .csv, .tsv, .parquet, .feather or .npy");
  EXPECT_EQ(message_of<UsageError>(create("t.svm")),
            folder.path("t.svm") + ": LIBSVM output is not supported, expected .csv, .tsv, .parquet, .feather or .npy");
  EXPECT_EQ(message_of<UsageError>(create("t.xlsx")),
            folder.path("t.xlsx") + ": found the extension .xlsx, expected .csv, .tsv, .parquet, .feather or .npy");
  for (const char* name : {"none/t.csv", "none/t.parquet", "none/t.feather"}) {
    EXPECT_THROW(create(name)(), OutputError) << name;
  }
  EXPECT_EQ(folder.count_files(), 0U);
}

TEST(TableWriter, RefusesAPieceWithOtherColumns) {
  const TempFolder folder;
  const auto writer = TableWriter::create(folder.path("t.csv"), columns_of(mixed_table()));
  EXPECT_EQ(message_of<Error>([&] { writer->write(numeric_table().columns); }),
            "TableWriter: the columns of a piece are not those of the file");
}

}  // namespace
}  // namespace slalom
