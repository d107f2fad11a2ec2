// SPDX-License-Identifier: Apache-2.0
// Property test: random tables come back from every format as they were written.
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "data/category_index.hpp"
#include "data/reading.hpp"
#include "data/table_writer.hpp"
#include "data/temp_files.hpp"

namespace slalom {
namespace {

using testing::expect_equal;
using testing::expect_streams_like;
using testing::kinds_of;
using testing::TempFolder;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class RandomTable {
 public:
  explicit RandomTable(std::uint64_t seed) : random_(seed) {}

  Table make(std::int64_t n_rows, int n_columns, bool only_numbers) {
    Table table;
    table.n_rows = n_rows;
    for (int i = 0; i < n_columns; ++i) {
      const std::string name = "c" + std::to_string(i) + (i % 3 == 1 ? " \",;\n" : "");
      if (only_numbers || i % 2 == 0) {
        table.columns.emplace_back(name, make_numbers(n_rows));
      } else {
        table.columns.emplace_back(name, make_categories(n_rows));
      }
    }
    return table;
  }

 private:
  NumericColumn make_numbers(std::int64_t n_rows) {
    NumericColumn column;
    for (std::int64_t row = 0; row < n_rows; ++row) {
      const double any_bits = std::bit_cast<double>(random_());
      const bool missing = random_() % 10 == 0 || !std::isfinite(any_bits);
      column.values.push_back(missing ? kNaN : any_bits);
    }
    return column;
  }

  CategoricalColumn make_categories(std::int64_t n_rows) {
    static constexpr std::array kPieces = {"a",    "B",  " ",        "\"", ",", ";", "\n",
                                           "\r\n", "\t", "\xC3\xA9", "0",  "|", "."};
    CategoryIndex index;
    CategoricalColumn column;
    for (std::int64_t row = 0; row < n_rows; ++row) {
      std::string text = "t";
      for (std::uint64_t i = random_() % 5; i > 0; --i) text += kPieces.at(random_() % kPieces.size());
      column.codes.push_back(random_() % 10 == 0 ? CategoricalColumn::kMissing : index.insert(text).first);
    }
    column.categories = index.take();
    return column;
  }

  std::mt19937_64 random_;
};

/// Writes `table` in pieces of at most `piece_rows` rows.
void write_in_pieces(const Table& table, const std::string& path, std::int64_t piece_rows) {
  std::vector<OutputColumn> columns;
  for (const auto& [name, is_categorical] : kinds_of(table))
    columns.push_back({.name = name, .is_categorical = is_categorical});
  const auto writer = TableWriter::create(path, columns);
  for (std::int64_t begin = 0; begin < table.n_rows; begin += piece_rows) {
    const std::int64_t end = std::min(begin + piece_rows, table.n_rows);
    std::vector<Column> piece;
    for (const Column& column : table.columns) {
      if (column.is_numeric()) {
        const auto& values = column.numeric().values;
        piece.emplace_back(column.name(), NumericColumn{{values.begin() + begin, values.begin() + end}});
      } else {
        const CategoricalColumn& from = column.categorical();
        piece.emplace_back(column.name(),
                           CategoricalColumn{{from.codes.begin() + begin, from.codes.begin() + end}, from.categories});
      }
    }
    writer->write(piece);
  }
  writer->finish();
}

TEST(RoundTrip, RandomTablesThroughEveryFormat) {
  const TempFolder folder;
  std::uint64_t seed = 1;
  for (const std::int64_t n_rows : {1, 2, 7, 97, 1009}) {
    for (const int n_columns : {1, 2, 3, 13}) {
      for (const char* name : {"t.csv", "t.tsv", "t.parquet", "t.feather"}) {
        SCOPED_TRACE(std::string(name) + " seed " + std::to_string(seed));
        const Table table = RandomTable(seed++).make(n_rows, n_columns, false);
        write_in_pieces(table, folder.path(name), 1 + n_rows / 3);
        ReadOptions options{.kinds = kinds_of(table)};
        if (std::string_view(name) == "t.csv") options.delimiter = ',';
        if (std::string_view(name) == "t.tsv") options.delimiter = '\t';
        expect_equal(read_table(folder.path(name), options), table);
        expect_streams_like(read_table(folder.path(name), options), folder.path(name), options, 1000);
      }
    }
  }
}

TEST(RoundTrip, RandomMatricesThroughNpy) {
  const TempFolder folder;
  for (const std::int64_t n_rows : {1, 97, 1009}) {
    for (const int n_columns : {1, 2, 13}) {
      const Table table = RandomTable(static_cast<std::uint64_t>(n_rows)).make(n_rows, n_columns, true);
      write_in_pieces(table, folder.path("t.npy"), 100);
      const Table read = read_table(folder.path("t.npy"));
      ASSERT_EQ(read.columns.size(), table.columns.size());
      for (std::size_t i = 0; i < read.columns.size(); ++i) {
        EXPECT_EQ(testing::cells(read.columns[i]), testing::cells(table.columns[i]));
      }
    }
  }
}

}  // namespace
}  // namespace slalom
