// SPDX-License-Identifier: Apache-2.0
// Reading .npy: element types, orders, versions, target files, and headers that lie.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
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

/// An .npy file as NumPy writes it, with any header text.
std::string npy(const std::string& dictionary, const std::string& data, int version = 1) {
  std::string text = dictionary;
  text.append("\n");
  std::string out("\x93NUMPY");
  out += static_cast<char>(version);
  out += '\0';
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < length_bytes; ++i) out += static_cast<char>(text.size() >> (8 * i) & 0xFF);
  return out.append(text).append(data);
}

std::string header(const std::string& descr, const std::string& shape, bool fortran = false) {
  std::string out = "{'descr': '";
  out.append(descr).append("', 'fortran_order': ").append(fortran ? "True" : "False");
  return out.append(", 'shape': ").append(shape).append(", }");
}

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

TEST(NpyReader, ReadsAMatrixInBothOrders) {
  const TempFolder folder;
  const Table c = read_table(folder.file("c.npy", npy(header("<f8", "(2, 3)"), raw<double>({1, 2, 3, 4, 5, 6}))));
  const Table f = read_table(folder.file("f.npy", npy(header("<f8", "(2, 3)", true), raw<double>({1, 4, 2, 5, 3, 6}))));
  for (const Table& table : {c, f}) {
    EXPECT_EQ(names(table), (Names{"x0", "x1", "x2"}));
    EXPECT_EQ(numbers(table, "x0"), (Numbers{1, 4}));
    EXPECT_EQ(numbers(table, "x2"), (Numbers{3, 6}));
  }
  EXPECT_EQ(c.place(1), folder.path("c.npy") + ", row 1");
}

template <class T>
void expect_reads(const std::string& descr, const std::vector<T>& values) {
  const TempFolder folder;
  const std::string shape = "(" + std::to_string(values.size()) + ",)";
  const Table table = read_table(folder.file("t.npy", npy(header(descr, shape), raw(values))));
  EXPECT_EQ(numbers(table, "x0"), Numbers(values.begin(), values.end())) << descr;
}

TEST(NpyReader, ReadsEveryElementType) {
  expect_reads<std::uint8_t>("|b1", {0, 1, 1});
  expect_reads<std::int8_t>("|i1", {-128, 127});
  expect_reads<std::uint8_t>("|u1", {0, 255});
  expect_reads<std::int16_t>("<i2", {-32768, 32767});
  expect_reads<std::uint16_t>("<u2", {0, 65535});
  expect_reads<std::int32_t>("<i4", {-2147483647, 2147483647});
  expect_reads<std::uint32_t>("<u4", {0, 4294967295U});
  expect_reads<std::int64_t>("<i8", {-9007199254740993, 3});
  expect_reads<std::uint64_t>("<u8", {std::numeric_limits<std::uint64_t>::max(), 0});
  expect_reads<float>("<f4", {0.1F, -3e38F});
  expect_reads<double>("<f8", {0.1, -1e308});
  const TempFolder folder;
  const Table half = read_table(folder.file("t.npy", npy(header("<f2", "(2,)"), raw<std::uint16_t>({0x3C00, 0xC400}))));
  EXPECT_EQ(numbers(half, "x0"), (Numbers{1, -4}));
}

TEST(NpyReader, ReadsEveryVersion) {
  const TempFolder folder;
  for (const int version : {1, 2, 3}) {
    const Table table = read_table(folder.file("t.npy", npy(header("<f4", "(1,)"), raw<float>({2.5F}), version)));
    EXPECT_EQ(numbers(table, "x0"), (Numbers{2.5})) << version;
  }
}

TEST(NpyReader, JoinsATargetsFile) {
  const TempFolder folder;
  const std::string x = folder.file("x.npy", npy(header("<f4", "(2, 1)"), raw<float>({1, 2})));
  const std::string y = folder.file("y.npy", npy(header("<i8", "(2,)"), raw<std::int64_t>({7, 8})));
  const std::string two = folder.file("y2.npy", npy(header("<i8", "(2, 2)"), raw<std::int64_t>({7, 8, 9, 10})));
  const std::string three = folder.file("y3.npy", npy(header("<i8", "(3,)"), raw<std::int64_t>({7, 8, 9})));
  EXPECT_EQ(names(read_table(x, {.targets_path = y})), (Names{"x0", "y"}));
  EXPECT_EQ(numbers(read_table(x, {.targets_path = two}), "y1"), (Numbers{8, 10}));
  EXPECT_EQ(message_of([&] { (void)read_table(x, {.targets_path = three}); }),
            three + ": has 3 rows, expected 2 as in " + x);
  const Table categories = read_table(x, {.targets_path = y, .kinds = {{"y", true}}});
  EXPECT_EQ(cells(column_of(categories, "y")), (Names{"7", "8"}));
}

TEST(NpyReader, TakesNanAsMissingAndRefusesInfinity) {
  const TempFolder folder;
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const Table table = read_table(folder.file("t.npy", npy(header("<f8", "(2,)"), raw<double>({nan, 1}))));
  EXPECT_EQ(cells(table.columns[0]), (Names{"~", "0x1p+0"}));
  const std::string path = folder.file("i.npy", npy(header("<f8", "(3, 2)"), raw<double>({1, 2, 3, -inf, 5, 6})));
  EXPECT_EQ(message_of([&] { (void)read_table(path); }),
            path + ", row 1, column \"x1\": found -inf, expected a finite number");
}

TEST(NpyReader, StreamedPiecesAreTheWholeTable) {
  const TempFolder folder;
  std::vector<float> values(3 * 1009);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i) * 0.5F;
  for (const bool fortran : {false, true}) {
    const std::string path = folder.file("t.npy", npy(header("<f4", "(1009, 3)", fortran), raw(values)));
    const Table whole = read_table(path);
    EXPECT_EQ(expect_streams_like(whole, path, {}, 1), 1009);
    EXPECT_EQ(expect_streams_like(whole, path, {}, 12 * 100), 11);
  }
}

TEST(NpyReader, NamesWhatIsWrong) {
  const TempFolder folder;
  const auto complaint = [&](const std::string& content) {
    const std::string path = folder.file("t.npy", content);
    return message_of([&] { (void)read_table(path); }).substr(path.size());
  };
  EXPECT_EQ(complaint("PK\x03\x04"), ": is not an .npy file");
  EXPECT_EQ(complaint("\x93NUMPY"), ": has .npy version 0, expected 1, 2 or 3");
  EXPECT_EQ(complaint(npy("", "", 4)), ": has .npy version 4, expected 1, 2 or 3");
  EXPECT_EQ(complaint(npy(header("<f8", "(1,)"), "").substr(0, 40)), ": ends within the .npy header");
  EXPECT_EQ(complaint(std::string("\x93NUMPY\x02\x00\xFF\xFF\xFF\xFF{", 13)), ": ends within the .npy header");
  EXPECT_EQ(complaint(npy(std::string((1U << 20U) + 1, ' '), "", 2)),
            ": has an .npy header of 1048578 bytes, expected at most 1048576");
  EXPECT_EQ(complaint(npy("{'descr': '<f8'", "")), ": the .npy header is corrupt");
  EXPECT_EQ(complaint(npy(header("<f8", "(-1,)"), "")), ": the .npy header is corrupt");
  EXPECT_EQ(complaint(npy(header("<f8", "(99999999999999999999,)"), "")), ": the .npy header is corrupt");
  EXPECT_EQ(complaint(npy(header(">f8", "(1,)"), raw<double>({1}))),
            ": has big-endian elements (>f8), expected little-endian");
  EXPECT_EQ(complaint(npy(header("|O", "(1,)"), raw<double>({1}))),
            ": has elements of type \"|O\", expected bool, integers, float16, float32 or float64");
  EXPECT_EQ(complaint(npy(header("<c16", "(1,)"), raw<double>({1, 1}))),
            ": has elements of type \"<c16\", expected bool, integers, float16, float32 or float64");
  EXPECT_EQ(complaint(npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", raw<double>({1}))),
            ": holds records with named fields (a structured array), expected plain numbers");
  EXPECT_EQ(complaint(npy(header("<f8", "()"), raw<double>({1}))), ": has 0 dimensions, expected 1 or 2");
  EXPECT_EQ(complaint(npy(header("<f8", "(1, 1, 1)"), raw<double>({1}))), ": has 3 dimensions, expected 1 or 2");
  EXPECT_EQ(complaint(npy(header("<f8", "(0, 3)"), "")), ": has no data rows");
  EXPECT_EQ(complaint(npy(header("<f8", "(3, 0)"), "")), ": has no columns");
  EXPECT_EQ(complaint(npy(header("<f8", "(3, 2)"), raw<double>({1, 2, 3}))),
            ": 24 bytes follow the header, expected 3 x 2 elements of 8 bytes");
  EXPECT_EQ(complaint(npy(header("<f8", "(4611686018427387904, 4)"), raw<double>({1}))),
            ": 8 bytes follow the header, expected 4611686018427387904 x 4 elements of 8 bytes");
}

}  // namespace
}  // namespace slalom
