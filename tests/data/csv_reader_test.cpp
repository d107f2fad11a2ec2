// SPDX-License-Identifier: Apache-2.0
// Reading CSV: dialects, quoting, missing values, kinds, places and streaming.
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>
#include <string>
#include <vector>

#include "data/reading.hpp"
#include "data/temp_files.hpp"
#include "slalom/error.hpp"
#include "slalom/table.hpp"

namespace slalom {
namespace {

using testing::cells;
using testing::column_of;
using testing::expect_equal;
using testing::expect_streams_like;
using testing::names;
using testing::numbers;
using testing::TempFolder;
using Names = std::vector<std::string>;
using Numbers = std::vector<double>;

Table read_text(const TempFolder& folder, std::string_view text, const ReadOptions& options = {}) {
  return read_table(folder.file("t.csv", text), options);
}

TEST(CsvReader, ReadsNumbersAndCategories) {
  const TempFolder folder;
  const Table table = read_text(folder, "a,b,c\n1,x,2.5\n-3e2,y,.5\n+4,x,5.\n");
  EXPECT_EQ(names(table), (Names{"a", "b", "c"}));
  EXPECT_EQ(table.n_rows, 3);
  EXPECT_EQ(numbers(table, "a"), (Numbers{1, -300, 4}));
  EXPECT_EQ(numbers(table, "c"), (Numbers{2.5, 0.5, 5}));
  const CategoricalColumn& b = column_of(table, "b").categorical();
  EXPECT_EQ(b.codes, (std::vector<std::int32_t>{0, 1, 0}));
  EXPECT_EQ(b.categories, (Names{"x", "y"}));
  EXPECT_TRUE(table.has_header);
}

TEST(CsvReader, FindsTheDelimiter) {
  const TempFolder folder;
  for (const char delimiter : {',', ';', '\t', '|', ' '}) {
    std::string text = "a,b,c\n1,2,3\n4,5,6\n";
    for (char& c : text) c = c == ',' ? delimiter : c;
    const Table table = read_text(folder, text);
    EXPECT_EQ(names(table), (Names{"a", "b", "c"})) << "delimiter " << delimiter;
    EXPECT_EQ(numbers(table, "c"), (Numbers{3, 6}));
  }
}

TEST(CsvReader, DoesNotCountDelimitersInsideQuotes) {
  const TempFolder folder;
  const Table table = read_text(folder, "name;value\n\"a,b,c,d\";1\n\"e,f,g,h\";2\n");
  EXPECT_EQ(names(table), (Names{"name", "value"}));
  EXPECT_EQ(cells(column_of(table, "name")), (Names{"a,b,c,d", "e,f,g,h"}));
}

TEST(CsvReader, KeepsBlanksInTextsOfCommaFiles) {
  const TempFolder folder;
  const Table table = read_text(folder, "a b,c d\nx y,1\nz w,2\n");
  EXPECT_EQ(names(table), (Names{"a b", "c d"}));
  EXPECT_EQ(cells(column_of(table, "a b")), (Names{"x y", "z w"}));
}

TEST(CsvReader, TreatsRunsOfBlanksAsOneDelimiter) {
  const TempFolder folder;
  const Table table = read_text(folder, "  a   b \"c d\"\n 1  2\t3\n10 20   \"3\" \n");
  EXPECT_EQ(names(table), (Names{"a", "b", "c d"}));
  EXPECT_EQ(numbers(table, "c d"), (Numbers{3, 3}));
}

TEST(CsvReader, TakesAGivenDelimiter) {
  const TempFolder folder;
  const Table table = read_text(folder, "a,b:c\n1,2:3\n", {.delimiter = ':'});
  EXPECT_EQ(names(table), (Names{"a,b", "c"}));
}

TEST(CsvReader, NamesColumnsByPositionWithoutHeader) {
  const TempFolder folder;
  const Table table = read_text(folder, "1,2\n3,4\n", {.has_header = false});
  EXPECT_EQ(names(table), (Names{"c0", "c1"}));
  EXPECT_EQ(numbers(table, "c0"), (Numbers{1, 3}));
  EXPECT_FALSE(table.has_header);
  EXPECT_EQ(table.place(1), folder.path("t.csv") + ", line 2");
}

TEST(CsvReader, NamesAnEmptyHeaderCellByPosition) {
  const TempFolder folder;
  EXPECT_EQ(names(read_text(folder, ",a\n0,1\n")), (Names{"c0", "a"}));
}

TEST(CsvReader, TakesIntegersInRisingOrderAsNames) {
  const TempFolder folder;
  EXPECT_EQ(names(read_text(folder, "0,1,2\n5,6,7\n")), (Names{"0", "1", "2"}));
}

TEST(CsvReader, DropsAByteOrderMarkAndReadsEveryLineEnd) {
  const TempFolder folder;
  for (const std::string end : {"\n", "\r\n", "\r"}) {
    std::string text = "\xEF\xBB\xBF";
    for (const char* line : {"a,b", "1,x", "2,y"}) text.append(line).append(end);
    const Table table = read_text(folder, text);
    EXPECT_EQ(names(table), (Names{"a", "b"}));
    EXPECT_EQ(numbers(table, "a"), (Numbers{1, 2}));
    EXPECT_EQ(cells(column_of(table, "b")), (Names{"x", "y"}));
    EXPECT_EQ(table.place(1), folder.path("t.csv") + ", line 3");
  }
}

TEST(CsvReader, ReadsALastLineWithoutLineEnd) {
  const TempFolder folder;
  EXPECT_EQ(numbers(read_text(folder, "a,b\n1,2\n3,4"), "b"), (Numbers{2, 4}));
}

TEST(CsvReader, IgnoresBlankLinesAndStillCountsThem) {
  const TempFolder folder;
  const Table table = read_text(folder, "\n  \na,b\n\n1,2\n   \n\n3,4\n5,6\n\n");
  EXPECT_EQ(numbers(table, "b"), (Numbers{2, 4, 6}));
  EXPECT_EQ(table.place(0), folder.path("t.csv") + ", line 5");
  EXPECT_EQ(table.place(1), folder.path("t.csv") + ", line 8");
  EXPECT_EQ(table.place(2), folder.path("t.csv") + ", line 9");
}

TEST(CsvReader, ReadsQuotesAndLineEndsInsideThem) {
  const TempFolder folder;
  const Table table = read_text(folder, "a,\"b\"\n\"x\ny\",1\n\"say \"\"hi\"\"\",2\n5\" pipe,3\n");
  EXPECT_EQ(cells(column_of(table, "a")), (Names{"x\ny", "say \"hi\"", "5\" pipe"}));
  EXPECT_EQ(table.place(0), folder.path("t.csv") + ", line 2");
  EXPECT_EQ(table.place(1), folder.path("t.csv") + ", line 4");
}

TEST(CsvReader, AcceptsBlanksAroundNumbersAndQuotes) {
  const TempFolder folder;
  const Table table = read_text(folder, "\"a\", \"b\" , c\n 1 ,\t2, \"x \"\"y\"\"\"\n3,4, z \n");
  EXPECT_EQ(names(table), (Names{"a", "b", "c"}));
  EXPECT_EQ(numbers(table, "a"), (Numbers{1, 3}));
  EXPECT_EQ(numbers(table, "b"), (Numbers{2, 4}));
  EXPECT_EQ(cells(column_of(table, "c")), (Names{"x \"y\"", "z"}));
}

TEST(CsvReader, TakesEverySpellingOfMissing) {
  const TempFolder folder;
  const Table table = read_text(folder,
                                "n,t\n1,x\n,\nNA,NA\nN/A,N/A\nNaN,NaN\nnan,nan\nnull,null\nNone,None\n?,?\n-nan,NAN\n"
                                "\"\",\"\"\n");
  EXPECT_TRUE(column_of(table, "n").is_numeric());
  EXPECT_EQ(cells(column_of(table, "n")), (Names{"0x1p+0", "~", "~", "~", "~", "~", "~", "~", "~", "~", "~"}));
  EXPECT_EQ(cells(column_of(table, "t")), (Names{"x", "~", "~", "~", "~", "~", "~", "~", "~", "~", "~"}));
}

TEST(CsvReader, ReadsAColumnWithoutAnyValueAsMissingNumbers) {
  const TempFolder folder;
  EXPECT_EQ(cells(column_of(read_text(folder, "a,b\n,1\nNA,2\n"), "a")), (Names{"~", "~"}));
}

TEST(CsvReader, StoresBooleansAsTrueAndFalse) {
  const TempFolder folder;
  const Table table = read_text(folder, "a\nTrue\nFALSE\ntrue\nFalse\n");
  EXPECT_EQ(column_of(table, "a").categorical().categories, (Names{"true", "false"}));
  EXPECT_EQ(column_of(table, "a").categorical().codes, (std::vector<std::int32_t>{0, 1, 0, 1}));
}

TEST(CsvReader, KeepsDatesAsText) {
  const TempFolder folder;
  EXPECT_EQ(cells(column_of(read_text(folder, "d\n2026-11-24\n2026-11-25 10:00:00\n"), "d")),
            (Names{"2026-11-24", "2026-11-25 10:00:00"}));
}

TEST(CsvReader, RoundsVerySmallNumbersToZero) {
  const TempFolder folder;
  EXPECT_EQ(numbers(read_text(folder, "a\n1e-999\n-1e-400\n4.9e-324\n1e308\n"), "a"),
            (Numbers{0, -0.0, 4.9e-324, 1e308}));
}

TEST(CsvReader, ReadsNumericLookingCategoriesAsTextWhenAsked) {
  const TempFolder folder;
  const Table table = read_text(folder, "zip,y\n01234,1\n1234,2\n01234,3\n", {.kinds = {{"zip", true}}});
  EXPECT_EQ(cells(column_of(table, "zip")), (Names{"01234", "1234", "01234"}));
}

TEST(CsvReader, RereadsAColumnThatTurnsOutToBeText) {
  const TempFolder folder;
  std::string text = "a,b\n";
  Names expected;
  for (int i = 0; i < 300'000;
       ++i) {  // several blocks of numbers, spelled so that parsing them would lose the spelling
    const std::string cell = std::to_string(i < 150'000 ? i : i % 10) + (i < 150'000 ? ".0" : "t");
    expected.push_back(cell);
    text.append(cell).append(",7\n");
  }
  const Table table = read_text(folder, text);
  EXPECT_EQ(cells(column_of(table, "a")), expected);
  EXPECT_TRUE(column_of(table, "b").is_numeric());
}

TEST(CsvReader, ReadsGzipWhateverTheName) {
  const TempFolder folder;
  for (const std::string name : {"t.csv.gz", "t.csv"}) {
    for (int member = 0; member < 2; ++member) {  // two gzip members, one after the other
      gzFile out = gzopen(folder.path(name).c_str(), member == 0 ? "wb" : "ab");
      gzputs(out, member == 0 ? "a,b\n1,2\n" : "3,4\n");
      gzclose(out);
    }
    EXPECT_EQ(numbers(read_table(folder.path(name)), "b"), (Numbers{2, 4}));
  }
}

std::string long_table() {
  std::string text = "id,value,text\n";
  for (int i = 0; i < 200'000; ++i) {
    if (i % 1000 == 7) text += "\n";
    text.append(std::to_string(i)).append(",");
    if (i % 13 != 0) text.append(std::to_string(i * 0.37));
    text.append(",");
    if (i % 997 == 5) {
      text.append("\"two\nlines, \"\"quoted\"\"\"\n");
    } else {
      text.append("word").append(std::to_string(i % 50)).append("\n");
    }
  }
  return text;
}

TEST(CsvReader, StreamedPiecesAreTheWholeTable) {
  const TempFolder folder;
  const std::string path = folder.file("long.csv", long_table());
  const Table whole = read_table(path);
  EXPECT_EQ(whole.n_rows, 200'000);
  EXPECT_EQ(cells(column_of(whole, "text"))[5], "two\nlines, \"quoted\"");
  EXPECT_EQ(whole.place(4), path + ", line 6");
  EXPECT_EQ(whole.place(6), path + ", line 9");   // row 5 takes two lines
  EXPECT_EQ(whole.place(7), path + ", line 11");  // and a blank line follows row 6
  EXPECT_GT(expect_streams_like(whole, path, {}, 1), 3);
  EXPECT_EQ(expect_streams_like(whole, path, {}, std::int64_t{1} << 40), 1);
}

TEST(CsvReader, ReadsTheSameTwice) {
  const TempFolder folder;
  const std::string path = folder.file("long.csv", long_table());
  expect_equal(read_table(path), read_table(path));
}

TEST(CsvReader, StreamsUnknownColumnsAsText) {
  const TempFolder folder;
  int n_pieces = 0;
  stream_table(folder.file("t.csv", "a,b\n1,2\n"), {.kinds = {{"a", false}}}, [&](const Table& piece) {
    EXPECT_TRUE(piece.columns[0].is_numeric());
    EXPECT_FALSE(piece.columns[1].is_numeric());
    ++n_pieces;
  });
  EXPECT_EQ(n_pieces, 1);
}

TEST(CsvReader, ReadsARecordLongerThanABlock) {
  const TempFolder folder;
  const std::string longest(3'000'000, 'x');
  const Table table = read_text(folder, std::string("a,b\n1,\"").append(longest).append("\n\"\n2,y\n"));
  EXPECT_EQ(cells(column_of(table, "b"))[0], longest + "\n");
  EXPECT_EQ(numbers(table, "a"), (Numbers{1, 2}));
}

/// A reading of CSV that shares nothing with the reader: one character after the other, comma-separated, all cells as
/// text.
struct PlainCsv {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::int64_t> lines;
  bool is_regular = true;  ///< every row has as many fields as the first, and all quotes are closed
};

PlainCsv read_plainly(const std::string& text) {
  PlainCsv csv;
  std::int64_t line = 1;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::int64_t first_line = line;
    const std::size_t start = at;
    std::vector<std::string> row(1);
    bool quoted = false;
    bool field_start = true;
    for (; at < text.size(); ++at) {
      const char c = text[at];
      if (c == '\n') ++line;
      if (quoted && c == '"' && at + 1 < text.size() && text[at + 1] == '"') {
        row.back() += text[++at];
      } else if (c == '"' && (quoted || field_start)) {
        quoted = !quoted;
        field_start = false;
      } else if (quoted) {
        row.back() += c;
      } else if (c == '\n') {
        break;
      } else if (c == ',') {
        row.emplace_back();
        field_start = true;
      } else {
        row.back() += c;
        field_start = false;
      }
    }
    const bool is_blank = at == start;
    ++at;
    csv.is_regular = csv.is_regular && !quoted;
    if (is_blank) continue;
    csv.is_regular = csv.is_regular && (csv.rows.empty() || row.size() == csv.rows.front().size());
    csv.rows.push_back(row);
    csv.lines.push_back(first_line);
  }
  return csv;
}

TEST(CsvReader, AgreesWithAPlainReadingOfRandomText) {
  const TempFolder folder;
  std::mt19937 random(7);
  int n_read = 0;
  for (int round = 0; round < 2'000; ++round) {
    std::string text = "h,i\n";
    for (auto i = random() % 24; i > 0; --i) text += "xy\"\"\"\n\n,,"[random() % 9];
    const PlainCsv plain = read_plainly(text);
    const std::string path = folder.file("t.csv", text);
    const ReadOptions options{.delimiter = ',', .kinds = {{"h", true}, {"i", true}}};
    if (!plain.is_regular || plain.rows.size() < 2) {
      EXPECT_THROW((void)read_table(path, options), DataError) << text;
      continue;
    }
    const Table table = read_table(path, options);
    ASSERT_EQ(table.n_rows, static_cast<std::int64_t>(plain.rows.size()) - 1) << text;
    for (std::size_t row = 1; row < plain.rows.size(); ++row) {
      for (std::size_t i = 0; i < 2; ++i) {
        const std::string& expected = plain.rows[row][i];
        ASSERT_EQ(cells(table.columns[i])[row - 1], expected.empty() ? "~" : expected) << text;
      }
      ASSERT_EQ(table.place(static_cast<std::int64_t>(row) - 1), path + ", line " + std::to_string(plain.lines[row]))
          << text;
    }
    ++n_read;
  }
  EXPECT_GT(n_read, 100);
}

TEST(CsvReader, ReadsManyColumns) {
  const TempFolder folder;
  std::string header = "x0";
  std::string row = "0";
  for (int i = 1; i < 5000; ++i) {
    header.append(",x").append(std::to_string(i));
    row.append(",").append(std::to_string(i));
  }
  const Table table = read_text(folder, header.append("\n").append(row).append("\n").append(row));
  EXPECT_EQ(table.columns.size(), 5000U);
  EXPECT_EQ(numbers(table, "x4999"), (Numbers{4999, 4999}));
}

}  // namespace
}  // namespace slalom
