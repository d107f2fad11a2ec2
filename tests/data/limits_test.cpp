// SPDX-License-Identifier: Apache-2.0
// Inputs that claim or unfold into far more than they are: refused early, or read in linear time.
#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

#include "data/reading.hpp"
#include "data/temp_files.hpp"
#include "slalom/table.hpp"
#include "support/sanitized.hpp"

namespace slalom {
namespace {

using testing::kSlowdown;
using testing::message_of;
using testing::TempFolder;

/// Writes `start` and 1 GiB (under a sanitizer 0.1) of one letter as a gzip file of a thousandth; returns its path.
std::string gzip_bomb(const TempFolder& folder, const std::string& start) {
  const std::string path = folder.path("bomb.csv.gz");
  const std::string mebibyte(std::size_t{1} << 20U, 'a');
  gzFile out = gzopen(path.c_str(), "wb1");
  gzputs(out, start.c_str());
  for (int i = 0; i < 1024 / kSlowdown; ++i) gzwrite(out, mebibyte.data(), static_cast<unsigned>(mebibyte.size()));
  gzclose(out);
  return path;
}

TEST(Limits, AGzipBombOfOneLineIsRefusedAfter64Mebibytes) {
  const TempFolder folder;
  const std::string too_long = " is longer than 64 MiB, expected a line end (is a quote not closed?)";
  const std::string header = gzip_bomb(folder, "");
  EXPECT_EQ(message_of([&] { (void)read_table(header); }), header + ", line 1:" + too_long);
  const std::string record = gzip_bomb(folder, "a,b\n");
  EXPECT_EQ(message_of([&] { (void)read_table(record); }), record + ", line 2:" + too_long);
  EXPECT_EQ(message_of([&] { (void)read_table(record, {.format = "libsvm"}); }),
            record + ", line 1: found \"a,b\", expected a number as the label");
}

TEST(Limits, ALibsvmIndexTakesNoMemory) {
  const TempFolder folder;
  const std::string path = folder.file("t.libsvm", "1 9223372036854775808:1\n");
  EXPECT_EQ(
      message_of([&] { (void)read_table(path); }),
      path + ", line 1: found \"9223372036854775808:1\", expected index:value with an index from 1 to 2147483647");
  const std::string largest = folder.file("l.libsvm", "1 2147483647:1\n");
  EXPECT_TRUE(
      message_of([&] { (void)read_table(largest); }).ends_with(" GB as a dense table, expected at most 8.59 GB"));
}

TEST(Limits, AnNpyShapeTakesNoMemory) {
  const TempFolder folder;
  const auto complaint = [&](const std::string& shape) {
    const std::string text = "{'descr': '<f8', 'fortran_order': False, 'shape': " + shape + "}\n";
    std::string content("\x93NUMPY\x01\0", 8);
    content += {static_cast<char>(text.size()), '\0'};
    const std::string path = folder.file("t.npy", content + text);
    return message_of([&] { (void)read_table(path); }).substr(path.size());
  };
  EXPECT_EQ(complaint("(1099511627776, 1024)"),
            ": 0 bytes follow the header, expected 1099511627776 x 1024 elements of 8 bytes");
  EXPECT_EQ(complaint("(4294967296, 4294967296)"),
            ": 0 bytes follow the header, expected 4294967296 x 4294967296 elements of 8 bytes");
  EXPECT_EQ(complaint("(4611686018427387904, 0)"), ": has no columns");
  EXPECT_EQ(complaint("(0, 4611686018427387904)"), ": has no data rows");
}

TEST(Limits, AMillionColumnsWithKnownKindsAreReadInLinearTime) {
  constexpr int kColumns = 1000000 / kSlowdown;
  std::string names, cells;
  ReadOptions options;
  for (int i = 0; i < kColumns; ++i) {
    const std::string name = "c" + std::to_string(i);
    names.append(i == 0 ? "" : ",").append(name);
    cells.append(i == 0 ? "" : ",").append("1");
    options.kinds.emplace_back(name, false);
  }
  const TempFolder folder;
  const Table table = read_table(folder.file("wide.csv", names + "\n" + cells + "\n"), options);
  EXPECT_EQ(table.columns.size(), static_cast<std::size_t>(kColumns));
  EXPECT_EQ(table.n_rows, 1);
}

}  // namespace
}  // namespace slalom
