// SPDX-License-Identifier: Apache-2.0
// What is wrong with a CSV file, said in exact words.
#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>

#include <filesystem>
#include <string>

#include "data/reading.hpp"
#include "data/temp_files.hpp"
#include "slalom/table.hpp"

namespace slalom {
namespace {

using testing::message_of;
using testing::TempFolder;

/// The message about `text` without the path it starts with.
std::string complaint(const TempFolder& folder, std::string_view text, const ReadOptions& options = {}) {
  const std::string path = folder.file("t.csv", text);
  const std::string message = message_of([&] { (void)read_table(path, options); });
  EXPECT_TRUE(message.starts_with(path)) << message;
  return message.substr(std::min(path.size(), message.size()));
}

TEST(CsvReaderErrors, MissingFileAndFolder) {
  const TempFolder folder;
  EXPECT_EQ(message_of([&] { (void)read_table(folder.path("no.csv")); }, ExitCode::kNoInput),
            folder.path("no.csv") + ": no such file");
  EXPECT_EQ(message_of([&] { (void)read_table(folder.path("")); }, ExitCode::kNoInput),
            folder.path("") + ": is a directory, expected a file");
  EXPECT_EQ(message_of([&] { (void)read_table(""); }, ExitCode::kNoInput), "\"\": the file name is empty");
}

TEST(CsvReaderErrors, UnreadableFile) {
  if (::geteuid() == 0) GTEST_SKIP() << "the superuser may read every file";
  const TempFolder folder;
  const std::string path = folder.file("t.csv", "a\n1\n");
  std::filesystem::permissions(path, std::filesystem::perms::none);
  EXPECT_EQ(message_of([&] { (void)read_table(path); }, ExitCode::kNoInput),
            path + ": cannot be opened: Permission denied");
}

TEST(CsvReaderErrors, EmptyFileAndHeaderOnly) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, ""), ": is empty");
  EXPECT_EQ(complaint(folder, "\xEF\xBB\xBF"), ": is empty");
  EXPECT_EQ(complaint(folder, "\n \n\n"), ": is empty");
  EXPECT_EQ(complaint(folder, "a,b"), ": has a header but no data rows");
  EXPECT_EQ(complaint(folder, "a,b\n\n  \n"), ": has a header but no data rows");
}

TEST(CsvReaderErrors, RaggedRow) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a,b,c,d\n1,2,3,4\n1,2,3,4\n1,2,3,4\n1,2,3,4\n1,2,3,4\n1,2,3\n1,2,3,4\n"),
            ", line 7: found 3 fields, expected 4");
  EXPECT_EQ(complaint(folder, "a,b\n1,2\n\n  \n\"x\ny\",2\n1,2,3\n"), ", line 7: found 3 fields, expected 2");
  EXPECT_EQ(complaint(folder, "a,b\n1,2\nlonely\n"), ", line 3: found 1 field, expected 2");
  EXPECT_EQ(complaint(folder, "a b c\n1 2 3\n\n1  2\n"), ", line 4: found 2 fields, expected 3");
}

TEST(CsvReaderErrors, RaggedRowFarIntoAFile) {
  const TempFolder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 400'000; ++i) text += i % 5000 == 0 ? "\n1,2\n" : "1,2\n";
  EXPECT_EQ(complaint(folder, text + "1\n"), ", line 400082: found 1 field, expected 2");
}

TEST(CsvReaderErrors, TextInANumericColumn) {
  const TempFolder folder;
  std::string text = "id,age\n";
  for (int i = 0; i < 95; ++i) text += "1,2\n";
  text += "1,abc\n1,NA\n1,def\n";
  EXPECT_EQ(complaint(folder, text),
            ", line 97, column \"age\": found \"abc\", expected a number as in 95 of the column's 97 cells; correct "
            "it, or say "
            "--categorical age");
  const Table table = read_table(folder.path("t.csv"), {.kinds = {{"age", true}}});
  EXPECT_FALSE(table.columns[1].is_numeric());
}

TEST(CsvReaderErrors, TextInAColumnThatStartsWithText) {
  const TempFolder folder;
  std::string text = "a b;y\noops;1\n";
  for (int i = 0; i < 9; ++i) text += "1;2\n";
  EXPECT_EQ(complaint(folder, text),
            ", line 2, column \"a b\": found \"oops\", expected a number as in 9 of the column's 10 cells; correct it, "
            "or say "
            "--categorical \"a b\"");
}

TEST(CsvReaderErrors, FewerThanNineInTenNumbersMakeCategories) {
  const TempFolder folder;
  const Table table =
      read_table(folder.file("t.csv", "a\nx\ny\n1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n17\n"));
  EXPECT_FALSE(table.columns[0].is_numeric());  // 17 of 19
}

TEST(CsvReaderErrors, TextWhereAModelExpectsNumbers) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a,b\n1,x\n\ny,z\n", {.kinds = {{"a", false}, {"b", true}}}),
            ", line 4, column \"a\": found \"y\", expected a number");
  EXPECT_EQ(complaint(folder, "a\n1\ntrue\n", {.kinds = {{"a", false}}}),
            ", line 3, column \"a\": found \"true\", expected a number");
}

TEST(CsvReaderErrors, InfiniteNumbers) {
  const TempFolder folder;
  for (const std::string cell : {"inf", "-Infinity", "INF", "1e999", "-1e400"}) {
    const std::string expected = ", line 3, column \"b\": found \"" + cell + "\", expected a finite number";
    EXPECT_EQ(complaint(folder, "a,b\n1,2\n3," + cell + "\n"), expected);
    EXPECT_EQ(complaint(folder, "a,b\n1,2\n3," + cell + "\n", {.kinds = {{"b", false}}}), expected);
  }
  const Table table = read_table(folder.file("t.csv", "a\nx\ninf\ny\n"));
  EXPECT_EQ(table.columns[0].categorical().categories[1], "inf");
}

TEST(CsvReaderErrors, DuplicateNames) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a,b,a\n1,2,3\n"),
            ", line 1: two columns are named \"a\" (positions 0 and 2, counted from 0)");
}

TEST(CsvReaderErrors, DataInPlaceOfAHeader) {
  const TempFolder folder;
  EXPECT_EQ(
      complaint(folder, "17.99,10.38,0\n20.57,17.77,1\n"),
      ", line 1: the header holds only numbers (17.99, ...), expected names; say --no-header if the first row is data");
}

TEST(CsvReaderErrors, TextThatIsNotUtf8) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a,b\nx,1\ncaf\xE9,2\n"),
            ", line 3, column \"a\": \"caf\\xE9\" is not UTF-8; convert the file to UTF-8");
  EXPECT_EQ(complaint(folder, "a\xFF,b\nx,1\n"),
            ", line 1: the column name \"a\\xFF\" is not UTF-8; convert the file to UTF-8");
}

TEST(CsvReaderErrors, NulBytes) {
  const TempFolder folder;
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(complaint(folder, "a,b\n1,2\n3,\0\n"sv), ", line 3: holds a NUL byte, expected UTF-8 text");
  EXPECT_EQ(complaint(folder, "a,b\n1,2\n3,4\0"sv), ", line 3: holds a NUL byte, expected UTF-8 text");
  EXPECT_EQ(complaint(folder, "\xFF\xFE\x61\0,\0"sv), ", line 1: holds a NUL byte, expected UTF-8 text");
}

TEST(CsvReaderErrors, AQuoteThatIsNeverClosed) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a,b\n1,2\n3,\"x\n4,5\n"), ", line 3: has a quote that is never closed");
  EXPECT_EQ(complaint(folder, "a,\"b\n1,2\n"), ", line 1: has a quote that is never closed");
}

TEST(CsvReaderErrors, ALineWithoutEnd) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a,b\n1,2\n3," + std::string(70'000'000, 'x')),
            ", line 3: is longer than 64 MiB, expected a line end (is a quote not closed?)");
}

TEST(CsvReaderErrors, ALongCellIsCutInTheMessage) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "a\n1\n" + std::string(500, 'x'), {.kinds = {{"a", false}}}),
            ", line 3, column \"a\": found \"" + std::string(40, 'x') + "...\", expected a number");
}

TEST(CsvReaderErrors, CutOffGzip) {
  const TempFolder folder;
  gzFile out = gzopen(folder.path("t.csv.gz").c_str(), "wb");
  gzputs(out, "a,b\n");
  for (int i = 0; i < 5000; ++i) gzprintf(out, "%d,%d\n", i, i * 7919 % 1000);
  gzclose(out);
  const std::string whole = testing::file_content(folder.path("t.csv.gz"));
  for (const std::size_t size : {whole.size() / 2, whole.size() - 1}) {
    const std::string path = folder.file("cut.csv.gz", whole.substr(0, size));
    EXPECT_EQ(message_of([&] { (void)read_table(path); }), path + ": the gzip content is corrupt or cut off");
  }
  std::string corrupt = whole;
  corrupt[whole.size() / 2] = static_cast<char>(~corrupt[whole.size() / 2]);
  const std::string path = folder.file("corrupt.csv.gz", corrupt);
  EXPECT_EQ(message_of([&] { (void)read_table(path); }), path + ": the gzip content is corrupt or cut off");
}

TEST(CsvReaderErrors, UnusableOptions) {
  const TempFolder folder;
  const std::string path = folder.file("t.csv", "a\n1\n");
  EXPECT_EQ(message_of([&] { (void)read_table(path, {.delimiter = '"'}); }, ExitCode::kUsage),
            "--delimiter: a quote, a line end or a control character cannot separate columns");
  EXPECT_EQ(message_of([&] { (void)read_table(path, {.format = "xls"}); }, ExitCode::kUsage),
            "--format: found \"xls\", expected csv, parquet, feather, npy or libsvm");
  EXPECT_EQ(message_of([&] { (void)read_table(path, {.targets_path = "y.npy"}); }, ExitCode::kUsage),
            path + ": a separate targets file goes with .npy data only");
}

TEST(CsvReaderErrors, StreamingSaysTheSame) {
  const TempFolder folder;
  const auto ignore = [](const Table&) {};
  const std::string path = folder.file("t.csv", "a,b\n");
  EXPECT_EQ(message_of([&] { stream_table(path, {}, ignore); }), path + ": has a header but no data rows");
  const std::string ragged = folder.file("r.csv", "a,b\n1,2\n3\n");
  EXPECT_EQ(message_of([&] { stream_table(ragged, {}, ignore); }), ragged + ", line 3: found 1 field, expected 2");
}

}  // namespace
}  // namespace slalom
