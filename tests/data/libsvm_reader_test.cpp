// SPDX-License-Identifier: Apache-2.0
// Reading LIBSVM text: indices, labels, limits, exact messages, streaming.
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "data/reading.hpp"
#include "data/temp_files.hpp"
#include "slalom/table.hpp"

namespace slalom {
namespace {

using testing::cells;
using testing::column_of;
using testing::expect_streams_like;
using testing::message_of;
using testing::names;
using testing::numbers;
using testing::TempFolder;
using Names = std::vector<std::string>;
using Numbers = std::vector<double>;

std::string complaint(const TempFolder& folder, std::string_view text, const ReadOptions& options = {}) {
  const std::string path = folder.file("t.libsvm", text);
  const std::string message = message_of([&] { (void)read_table(path, options); });
  return message.substr(std::min(path.size(), message.size()));
}

TEST(LibsvmFormat, ReadsLabelsFeaturesCommentsAndQueries) {
  const TempFolder folder;
  const Table table =
      read_table(folder.file("t.libsvm", "# head\n+1 qid:7 1:0.5 3:-2 \t\r\n\n-1\n0 2:1e-3 # tail 9:9\n2.5 3:nan"));
  EXPECT_EQ(names(table), (Names{"label", "f1", "f2", "f3"}));
  EXPECT_EQ(numbers(table, "label"), (Numbers{1, -1, 0, 2.5}));
  EXPECT_EQ(numbers(table, "f1"), (Numbers{0.5, 0, 0, 0}));
  EXPECT_EQ(numbers(table, "f2"), (Numbers{0, 0, 1e-3, 0}));
  EXPECT_EQ(cells(column_of(table, "f3")), (Names{"-0x1p+1", "0x0p+0", "0x0p+0", "~"}));
  EXPECT_EQ(table.place(0), folder.path("t.libsvm") + ", line 2");
  EXPECT_EQ(table.place(1), folder.path("t.libsvm") + ", line 4");
  EXPECT_EQ(table.place(3), folder.path("t.libsvm") + ", line 6");
}

TEST(LibsvmFormat, CountsFromZeroIfAnIndexIsZero) {
  const TempFolder folder;
  const std::string path = folder.file("t.svm", "1 0:5 2:6\n0 1:7\n");
  EXPECT_EQ(names(read_table(path)), (Names{"label", "f0", "f1", "f2"}));
  EXPECT_EQ(message_of([&] {
              (void)read_table(path, {.kinds = {{"f1", false}}, .libsvm_features = 3});
            }),
            path + ", line 1: found feature index 0, expected 1 to 3");
  const std::string other = folder.file("u.svm", "1 1:5\n");  // read as the zero-based model was trained
  EXPECT_EQ(names(read_table(other, {.kinds = {{"f0", false}}, .libsvm_features = 3})),
            (Names{"label", "f0", "f1", "f2"}));
}

TEST(LibsvmFormat, PadsToTheModelsFeatures) {
  const TempFolder folder;
  const Table table = read_table(folder.file("t.svm", "1 1:5\n"), {.libsvm_features = 4});
  EXPECT_EQ(names(table), (Names{"label", "f1", "f2", "f3", "f4"}));
  EXPECT_EQ(numbers(table, "f4"), (Numbers{0}));
  EXPECT_EQ(complaint(folder, "1 1:5\n\n1 2:1 5:1\n", {.libsvm_features = 4}),
            ", line 3: found feature index 5, expected 1 to 4");
}

TEST(LibsvmFormat, ReadsALabelAsCategoryWhenAsked) {
  const TempFolder folder;
  const Table table = read_table(folder.file("t.svm", "+1 1:5\n-1 1:4\n"), {.kinds = {{"label", true}}});
  EXPECT_EQ(cells(column_of(table, "label")), (Names{"1", "-1"}));
}

TEST(LibsvmFormat, StreamedPiecesAreTheWholeTable) {
  const TempFolder folder;
  std::string text;
  for (int i = 0; i < 30'000; ++i) {
    text.append(std::to_string(i % 3)).append(" ").append(std::to_string(1 + i % 5)).append(":0.25 40:");
    text.append(std::to_string(i)).append(i % 101 == 0 ? "\n# comment\n" : "\n");
  }
  gzFile out = gzopen(folder.path("t.libsvm.gz").c_str(), "wb");
  gzwrite(out, text.data(), static_cast<unsigned>(text.size()));
  gzclose(out);
  const Table whole = read_table(folder.path("t.libsvm.gz"));
  EXPECT_EQ(whole.n_rows, 30'000);
  EXPECT_EQ(whole.columns.size(), 41U);
  EXPECT_EQ(expect_streams_like(whole, folder.path("t.libsvm.gz"), {}, 1'000'000), 10);
}

TEST(LibsvmFormat, RefusesToBecomeTooLargeBeforeAllocating) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, "1 1:1\n1 2147483647:1\n", {.dense_limit_bytes = 2'000'000'000})
                .starts_with(": 2 rows of 2147483647 features would take "),
            true);
  const std::string path = folder.file("t.libsvm", "1 1:1\n1 99999999:1\n");
  EXPECT_TRUE(message_of([&] {
                stream_table(path, {.dense_limit_bytes = 1'000'000'000}, [](const Table&) {});
              }).ends_with("GB as a dense table, expected at most 1 GB"));
}

TEST(LibsvmFormat, NamesWhatIsWrong) {
  const TempFolder folder;
  EXPECT_EQ(complaint(folder, ""), ": is empty");
  EXPECT_EQ(complaint(folder, "# nothing\n\n"), ": has no data rows");
  EXPECT_EQ(complaint(folder, "1 1:1\n1:1 2:1\n"), ", line 2: found \"1:1\", expected a number as the label");
  EXPECT_EQ(complaint(folder, "1,2 1:1\n"), ", line 1: found \"1,2\", expected a number as the label");
  EXPECT_EQ(complaint(folder, "inf 1:1\n"), ", line 1: found \"inf\", expected a finite number");
  EXPECT_EQ(complaint(folder, "1 1:1e999\n"), ", line 1: found \"1:1e999\", expected a finite number");
  EXPECT_EQ(complaint(folder, "1 1:x\n"), ", line 1: found \"1:x\", expected index:number");
  EXPECT_EQ(complaint(folder, "1 1:\n"), ", line 1: found \"1:\", expected index:number");
  EXPECT_EQ(complaint(folder, "1 a:1\n"),
            ", line 1: found \"a:1\", expected index:value with an index from 1 to 2147483647");
  EXPECT_EQ(complaint(folder, "1 -3:1\n"),
            ", line 1: found \"-3:1\", expected index:value with an index from 1 to 2147483647");
  EXPECT_EQ(complaint(folder, "1 2147483648:1\n"),
            ", line 1: found \"2147483648:1\", expected index:value with an index from 1 to 2147483647");
  EXPECT_EQ(complaint(folder, "1 2:1 2:1\n"),
            ", line 1: found \"2:1\", expected an index above 2 (indices ascend in a line)");
  EXPECT_EQ(complaint(folder, std::string("1 1:1\n1 2:\0\n", 12)), ", line 2: holds a NUL byte, expected UTF-8 text");
}

}  // namespace
}  // namespace slalom
