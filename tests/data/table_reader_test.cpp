// SPDX-License-Identifier: Apache-2.0
// read_table and stream_table: formats and dialects, exact messages for bad input, and files as they were published.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include "data/temp_files.hpp"
#include "slalom/error.hpp"
#include "slalom/table.hpp"
#include "support/shared_data.hpp"

namespace slalom {
namespace {

using testing::TempFolder;

/// The message of the error that reading `content` as `name` gives, without the path in front.
template <class Failure = DataError>
std::string failure(const std::string& content, const ReadOptions& options = {}, const std::string& name = "t.csv") {
  const TempFolder folder;
  const std::string path = folder.file(name, content);
  try {
    (void)read_table(path, options);
  } catch (const Failure& error) {
    const std::string message = error.what();
    return message.starts_with(path) ? message.substr(path.size()) : message;
  }
  return "no error of the expected class";
}

Table read(const std::string& content, const ReadOptions& options = {}, const std::string& name = "t.csv") {
  const TempFolder folder;
  return read_table(folder.file(name, content), options);
}

std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const Column& column : table.columns) names.push_back(column.name());
  return names;
}

TEST(CsvReader, FindsEveryDelimiter) {
  for (const std::string delimiter : {",", ";", "\t", "|", " "}) {
    const Table table = read("a" + delimiter + "b\n1" + delimiter + "2\n3" + delimiter + "4\n");
    ASSERT_EQ(names_of(table), (std::vector<std::string>{"a", "b"})) << delimiter;
    EXPECT_EQ(table.columns[1].numeric().values, (std::vector<double>{2, 4}));
  }
}

TEST(CsvReader, ReadsMarkLineEndsQuotesAndBlankLines) {
  const Table table = read("\xEF\xBB\xBF\"a, b\",c\r\n\r\n1,\"x\r\ny\"\r\n2,z\r\n");
  EXPECT_EQ(names_of(table), (std::vector<std::string>{"a, b", "c"}));
  EXPECT_EQ(table.columns[1].categorical().categories, (std::vector<std::string>{"x\r\ny", "z"}));
  EXPECT_TRUE(table.place(0).ends_with("t.csv, line 3"));
  EXPECT_TRUE(table.place(1).ends_with("t.csv, line 5"));
}

TEST(CsvReader, TakesMissingCellsAndBooleans) {
  const Table table = read("a,b\n,True\nNA,false\nN/A,\nnull,TRUE\nNone,?\n?,True\nnan,True\n4,True\n");
  const auto& values = table.columns[0].numeric().values;
  for (std::size_t row = 0; row < 7; ++row) EXPECT_TRUE(std::isnan(values[row])) << row;
  EXPECT_EQ(values[7], 4);
  EXPECT_EQ(table.columns[1].categorical().categories, (std::vector<std::string>{"true", "false"}));
  EXPECT_EQ(table.columns[1].categorical().codes, (std::vector<std::int32_t>{0, 1, -1, 0, -1, 0, 0, 0}));
}

TEST(CsvReader, NamesColumnsByPositionWithoutHeader) {
  ReadOptions options;
  options.has_header = false;
  const Table table = read("1,2\n3,4\n", options);
  EXPECT_EQ(names_of(table), (std::vector<std::string>{"c0", "c1"}));
  EXPECT_EQ(table.n_rows, 2);
}

TEST(CsvReader, NamesLineAndColumnOfBadCells) {
  std::string column = "price,b\n";
  for (int row = 0; row < 20; ++row) column += row == 10 ? "abc,1\n" : "7,1\n";
  EXPECT_EQ(
      failure(column),
      ", line 12, column \"price\": found \"abc\", expected a number as in 19 of the column's 20 cells; correct it, "
      "or say --categorical price");
  ReadOptions numeric;
  numeric.kinds = {{"a", false}};
  EXPECT_EQ(failure("a,b\n1,2\nx,3\n", numeric), ", line 3, column \"a\": found \"x\", expected a number");
  EXPECT_EQ(failure("a,b\n1,2\n1e999,3\n"), ", line 3, column \"a\": found \"1e999\", expected a finite number");
  EXPECT_EQ(failure("a,b\n1,2\n-inf,3\n"), ", line 3, column \"a\": found \"-inf\", expected a finite number");
}

TEST(CsvReader, NamesWhatIsWrongWithTheFile) {
  EXPECT_EQ(failure(""), ": is empty");
  EXPECT_EQ(failure("\n\n"), ": is empty");
  EXPECT_EQ(failure("a,b\n"), ": has a header but no data rows");
  EXPECT_EQ(failure("a,b,c,d\n1,2,3,4\n\n1,2,3\n"), ", line 4: found 3 fields, expected 4");
  EXPECT_EQ(failure("a,a\n1,2\n"), ", line 1: two columns are named \"a\" (positions 0 and 1, counted from 0)");
  EXPECT_EQ(failure("a,b\n1,\"2\n3,4\n"), ", line 2: has a quote that is never closed");
  EXPECT_EQ(failure(std::string("a,b\n1,\0\n", 8)), ", line 2: holds a NUL byte, expected UTF-8 text");
  EXPECT_EQ(failure("a,b\n1,\xFF\n"), ", line 2, column \"b\": \"\\xFF\" is not UTF-8; convert the file to UTF-8");
}

TEST(TableReader, NamesFilesThatCannotBeOpened) {
  const TempFolder folder;
  for (const char* name : {"none.csv", "none.parquet", "none.feather", "none.npy", "none.svm"}) {
    try {
      (void)read_table(folder.path(name));
      ADD_FAILURE() << name;
    } catch (const InputError& error) {
      EXPECT_EQ(error.what(), folder.path(name) + ": no such file");
    }
  }
  std::filesystem::create_directory(folder.path("d.csv"));
  EXPECT_THROW((void)read_table(folder.path("d.csv")), InputError);
}

TEST(TableReader, RefusesCorruptFilesOfEveryFormat) {
  for (const char* name : {"t.parquet", "t.feather", "t.npy"}) {
    EXPECT_NE(failure("not such a file at all", {}, name), "no error of the expected class") << name;
    EXPECT_NE(failure("x", {}, name), "no error of the expected class") << name;
  }
  EXPECT_EQ(failure("\x1F\x8B\x08garbage", {}, "t.csv.gz"), ": the gzip content is corrupt or cut off");
}

TEST(LibsvmReader, MakesDenseColumns) {
  const Table table = read("+1 1:2 3:4 # note\n\n-1 2:5 \n", {}, "t.svm");
  EXPECT_EQ(names_of(table), (std::vector<std::string>{"label", "f1", "f2", "f3"}));
  EXPECT_EQ(table.columns[0].numeric().values, (std::vector<double>{1, -1}));
  EXPECT_EQ(table.columns[3].numeric().values, (std::vector<double>{4, 0}));
  EXPECT_TRUE(table.place(1).ends_with("line 3"));
}

TEST(LibsvmReader, PadsAndBoundsFeatures) {
  ReadOptions options;
  options.libsvm_features = 5;
  EXPECT_EQ(read("1 1:2\n", options, "t.svm").columns.size(), 6U);
  EXPECT_EQ(failure("1 1:2\n1 9:1\n", options, "t.svm"), ", line 2: found feature index 9, expected 1 to 5");
  options = {};
  options.dense_limit_bytes = 1000;
  EXPECT_TRUE(failure("1 2000000000:1\n", options, "t.svm").starts_with(": 1 rows of 2000000000 features would take"));
}

TEST(LibsvmReader, NamesTheLineOfBadText) {
  EXPECT_EQ(failure("1 1:2\nx 1:2\n", {}, "t.svm"), ", line 2: found \"x\", expected a number as the label");
  EXPECT_EQ(failure("1 2:2 1:1\n", {}, "t.svm"),
            ", line 1: found \"1:1\", expected an index above 2 (indices ascend in a line)");
  EXPECT_EQ(failure("1 1\n", {}, "t.svm"), ", line 1: found \"1\", expected index:value");
}

struct PublishedFile {
  const char* name;
  bool has_header;
  std::int64_t n_rows;
  std::size_t n_columns;
};

constexpr PublishedFile kPublished[] = {{"california_housing.csv", true, 20640, 10},
                                        {"winequality-red.csv", true, 1599, 12},
                                        {"breast_cancer.csv", false, 569, 31},
                                        {"digits.csv.gz", false, 1797, 65},
                                        {"a9a.libsvm", true, 32561, 124},
                                        {"penguins.csv", true, 344, 7}};

std::string cell_text(const Column& column, std::size_t row) {
  if (column.is_numeric()) return std::to_string(column.numeric().values[row]);
  const std::int32_t code = column.categorical().codes[row];
  return code < 0 ? "missing" : column.categorical().categories[static_cast<std::size_t>(code)];
}

TEST(TableReader, ReadsAndStreamsPublishedFiles) {
  const std::filesystem::path data = testing::shared_dir() / "data";
  if (!std::filesystem::exists(data)) GTEST_SKIP() << "no shared data";
  for (const PublishedFile& file : kPublished) {
    ReadOptions options;
    options.has_header = file.has_header;
    const std::string path = (data / file.name).string();
    const Table whole = read_table(path, options);
    EXPECT_EQ(whole.n_rows, file.n_rows) << file.name;
    ASSERT_EQ(whole.columns.size(), file.n_columns) << file.name;

    for (const Column& column : whole.columns) options.kinds.emplace_back(column.name(), !column.is_numeric());
    options.block_bytes = 100'000;
    std::int64_t n_rows = 0;
    std::int64_t n_different = 0;
    stream_table(path, options, [&](const Table& piece) {
      ASSERT_EQ(piece.first_row, n_rows);
      ASSERT_EQ(piece.columns.size(), whole.columns.size());
      EXPECT_EQ(piece.place(piece.n_rows - 1), whole.place(n_rows + piece.n_rows - 1));
      for (std::size_t i = 0; i < piece.columns.size(); ++i) {
        for (std::size_t row = 0; row < static_cast<std::size_t>(piece.n_rows); ++row) {
          const auto whole_row = static_cast<std::size_t>(n_rows) + row;
          n_different += cell_text(piece.columns[i], row) == cell_text(whole.columns[i], whole_row) ? 0 : 1;
        }
      }
      n_rows += piece.n_rows;
    });
    EXPECT_EQ(n_rows, file.n_rows) << file.name;
    EXPECT_EQ(n_different, 0) << file.name;
  }
}

}  // namespace
}  // namespace slalom
