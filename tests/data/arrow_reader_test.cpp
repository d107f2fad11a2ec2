// SPDX-License-Identifier: Apache-2.0
// Reading Parquet and Arrow IPC: every type, nulls, compression, streaming, and corrupt files.
#include <arrow/api.h>
#include <arrow/io/file.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>
#include <arrow/util/decimal.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>

#include <cmath>
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
using testing::expect_equal;
using testing::expect_streams_like;
using testing::file_content;
using testing::message_of;
using testing::names;
using testing::TempFolder;
using Names = std::vector<std::string>;

/// An array of `type` from texts, through Arrow's scalar parser; "" is null.
std::shared_ptr<arrow::Array> make_array(const std::shared_ptr<arrow::DataType>& type, const Names& texts) {
  const auto builder = arrow::MakeBuilder(type).ValueOrDie();
  for (const std::string& text : texts) {
    if (text.empty()) {
      EXPECT_TRUE(builder->AppendNull().ok());
    } else {
      EXPECT_TRUE(builder->AppendScalar(*arrow::Scalar::Parse(type, text).ValueOrDie()).ok());
    }
  }
  return builder->Finish().ValueOrDie();
}

std::shared_ptr<arrow::Table> make_table(
    const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return arrow::Table::Make(arrow::schema(fields), arrays);
}

void write_parquet(const arrow::Table& table, const std::string& path, std::int64_t rows_a_group = 1 << 20) {
  const auto out = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  ASSERT_TRUE(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), out, rows_a_group).ok());
  ASSERT_TRUE(out->Close().ok());
}

void write_ipc(const arrow::Table& table, const std::string& path, std::int64_t rows_a_batch = 1 << 20,
               arrow::Compression::type compression = arrow::Compression::UNCOMPRESSED, bool as_stream = false) {
  const auto out = arrow::io::FileOutputStream::Open(path).ValueOrDie();
  auto options = arrow::ipc::IpcWriteOptions::Defaults();
  if (compression != arrow::Compression::UNCOMPRESSED) {
    options.codec = arrow::util::Codec::Create(compression).ValueOrDie();
  }
  const auto writer = as_stream ? arrow::ipc::MakeStreamWriter(out, table.schema(), options).ValueOrDie()
                                : arrow::ipc::MakeFileWriter(out, table.schema(), options).ValueOrDie();
  ASSERT_TRUE(writer->WriteTable(table, rows_a_batch).ok());
  ASSERT_TRUE(writer->Close().ok());
  ASSERT_TRUE(out->Close().ok());
}

/// Both formats hold the types used here.
template <class Expect>
void for_both_formats(const arrow::Table& table, const Expect& expect) {
  const TempFolder folder;
  write_parquet(table, folder.path("t.parquet"));
  expect(folder.path("t.parquet"));
  write_ipc(table, folder.path("t.feather"));
  expect(folder.path("t.feather"));
}

TEST(ArrowReader, ReadsEveryKindOfNumber) {
  std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns;
  for (const auto& type : {arrow::int8(), arrow::int16(), arrow::int32(), arrow::int64(), arrow::uint8(),
                           arrow::uint16(), arrow::uint32(), arrow::uint64(), arrow::float32(), arrow::float64()}) {
    columns.emplace_back(type->ToString(), make_array(type, {"7", "", "100"}));
  }
  arrow::Decimal128Builder decimals(arrow::decimal128(5, 2));
  arrow::Decimal256Builder wide_decimals(arrow::decimal256(40, 1));
  ASSERT_TRUE(decimals.Append(arrow::Decimal128(700)).ok() && decimals.AppendNull().ok());
  ASSERT_TRUE(decimals.Append(arrow::Decimal128(10000)).ok());
  ASSERT_TRUE(wide_decimals.Append(arrow::Decimal256(70)).ok() && wide_decimals.AppendNull().ok());
  ASSERT_TRUE(wide_decimals.Append(arrow::Decimal256(1000)).ok());
  columns.emplace_back("decimal", decimals.Finish().ValueOrDie());
  columns.emplace_back("decimal256", wide_decimals.Finish().ValueOrDie());
  for_both_formats(*make_table(columns), [&](const std::string& path) {
    const Table table = read_table(path);
    ASSERT_EQ(table.columns.size(), columns.size());
    for (const Column& column : table.columns) {
      ASSERT_TRUE(column.is_numeric()) << column.name();
      EXPECT_EQ(cells(column), (Names{"0x1.cp+2", "~", "0x1.9p+6"})) << column.name() << " in " << path;
    }
  });
}

TEST(ArrowReader, ReadsHalfFloats) {
  const TempFolder folder;
  arrow::HalfFloatBuilder builder;
  ASSERT_TRUE(builder.Append(0x3C00).ok());
  ASSERT_TRUE(builder.Append(0xC400).ok());
  write_ipc(*make_table({{"h", builder.Finish().ValueOrDie()}}), folder.path("t.arrow"));
  EXPECT_EQ(testing::numbers(read_table(folder.path("t.arrow")), "h"), (std::vector<double>{1, -4}));
}

TEST(ArrowReader, ReadsTextsBooleansAndDictionaries) {
  const auto dictionary = arrow::DictionaryArray::FromArrays(make_array(arrow::int8(), {"2", "", "0", "2"}),
                                                             make_array(arrow::utf8(), {"red", "unused", "blue"}))
                              .ValueOrDie();
  const auto table = make_table({{"t", make_array(arrow::utf8(), {"b", "", "True", "b"})},
                                 {"l", make_array(arrow::large_utf8(), {"b", "", "NA", "x y"})},
                                 {"b", make_array(arrow::boolean(), {"true", "", "false", "true"})},
                                 {"d", dictionary}});
  for_both_formats(*table, [](const std::string& path) {
    const Table read = read_table(path);
    EXPECT_EQ(cells(column_of(read, "t")), (Names{"b", "~", "true", "b"}));
    EXPECT_EQ(cells(column_of(read, "l")), (Names{"b", "~", "~", "x y"}));
    EXPECT_EQ(cells(column_of(read, "b")), (Names{"true", "~", "false", "true"}));
    EXPECT_EQ(cells(column_of(read, "d")), (Names{"blue", "~", "red", "blue"}));
    EXPECT_EQ(column_of(read, "d").categorical().categories, (Names{"blue", "red"}));
  });
}

TEST(ArrowReader, TurnsTimesIntoNumbers) {
  const auto table =
      make_table({{"day", make_array(arrow::date32(), {"1970-01-03", ""})},
                  {"ms", make_array(arrow::timestamp(arrow::TimeUnit::MILLI), {"1970-01-01 00:00:02.500", ""})},
                  {"us", make_array(arrow::timestamp(arrow::TimeUnit::MICRO), {"1970-01-02 00:00:00", ""})},
                  {"time", make_array(arrow::time32(arrow::TimeUnit::MILLI), {"00:01:00", ""})}});
  for_both_formats(*table, [](const std::string& path) {
    const Table read = read_table(path);
    EXPECT_EQ(testing::numbers(read, "day")[0], 2);
    EXPECT_EQ(testing::numbers(read, "ms")[0], 2.5);
    EXPECT_EQ(testing::numbers(read, "us")[0], 86400);
    EXPECT_EQ(testing::numbers(read, "time")[0], 60);
    EXPECT_TRUE(std::isnan(testing::numbers(read, "day")[1]));
  });
}

TEST(ArrowReader, ConvertsToTheKindsOfAModel) {
  const auto table = make_table(
      {{"code", make_array(arrow::int32(), {"3", "", "1"})}, {"text", make_array(arrow::utf8(), {"2.5", "", " 4 "})}});
  for_both_formats(*table, [](const std::string& path) {
    const Table read = read_table(path, {.kinds = {{"code", true}, {"text", false}}});
    EXPECT_EQ(cells(column_of(read, "code")), (Names{"3", "~", "1"}));
    EXPECT_EQ(cells(column_of(read, "text")), (Names{"0x1.4p+1", "~", "0x1p+2"}));
  });
}

TEST(ArrowReader, NamesWhatIsWrong) {
  const double inf = std::numeric_limits<double>::infinity();
  arrow::DoubleBuilder infinite;
  ASSERT_TRUE(infinite.AppendValues({1, 2, inf}).ok());
  for_both_formats(*make_table({{"x", infinite.Finish().ValueOrDie()}}), [](const std::string& path) {
    EXPECT_EQ(message_of([&] { (void)read_table(path); }),
              path + ", row 2, column \"x\": found inf, expected a finite number");
  });
  for_both_formats(*make_table({{"x", make_array(arrow::utf8(), {"1", "one"})}}), [](const std::string& path) {
    EXPECT_EQ(message_of([&] {
                (void)read_table(path, {.kinds = {{"x", false}}});
              }),
              path + ", row 1, column \"x\": found \"one\", expected a number");
  });
  const auto one = make_array(arrow::int32(), {"1"});
  for_both_formats(*make_table({{"x", one}, {"x", one}}), [](const std::string& path) {
    EXPECT_EQ(message_of([&] { (void)read_table(path); }),
              path + ": two columns are named \"x\" (positions 0 and 1, counted from 0)");
  });
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::DoubleBuilder>());
  ASSERT_TRUE(lists.Append().ok());
  for_both_formats(*make_table({{"x", lists.Finish().ValueOrDie()}}), [](const std::string& path) {
    const std::string message = message_of([&] { (void)read_table(path); });
    EXPECT_TRUE(message.starts_with(path + ", column \"x\": has type list<")) << message;
    EXPECT_TRUE(message.ends_with(">, expected numbers, booleans, text, dates or a dictionary of them")) << message;
  });
  for_both_formats(*make_table({{"x", make_array(arrow::int32(), {})}}), [](const std::string& path) {
    EXPECT_EQ(message_of([&] { (void)read_table(path); }), path + ": has no data rows");
  });
}

std::shared_ptr<arrow::Table> long_table() {
  arrow::DoubleBuilder numbers;
  arrow::StringBuilder texts;
  for (int i = 0; i < 10'007; ++i) {
    EXPECT_TRUE((i % 11 == 0 ? numbers.AppendNull() : numbers.Append(i * 0.1)).ok());
    EXPECT_TRUE((i % 7 == 0 ? texts.AppendNull() : texts.Append(std::to_string(i % 13))).ok());
  }
  return make_table({{"n", numbers.Finish().ValueOrDie()}, {"t", texts.Finish().ValueOrDie()}});
}

TEST(ArrowReader, StreamedPiecesAreTheWholeTable) {
  const TempFolder folder;
  write_parquet(*long_table(), folder.path("t.parquet"), 1000);
  write_ipc(*long_table(), folder.path("t.feather"), 1000);
  const Table whole = read_table(folder.path("t.parquet"));
  EXPECT_EQ(whole.n_rows, 10'007);
  EXPECT_EQ(whole.place(17), folder.path("t.parquet") + ", row 17");
  EXPECT_GE(expect_streams_like(whole, folder.path("t.parquet"), {}, 1), 1);
  EXPECT_EQ(expect_streams_like(read_table(folder.path("t.feather")), folder.path("t.feather"), {}, 1), 11);
}

TEST(ArrowReader, ReadsCompressedFilesAndStreams) {
  const TempFolder folder;
  write_ipc(*long_table(), folder.path("plain.feather"));
  const Table expected = read_table(folder.path("plain.feather"));
  for (const auto compression : {arrow::Compression::LZ4_FRAME, arrow::Compression::ZSTD}) {
    if (!arrow::util::Codec::IsAvailable(compression)) continue;
    write_ipc(*long_table(), folder.path("c.feather"), 1000, compression);
    expect_equal(read_table(folder.path("c.feather")), expected);
  }
  write_ipc(*long_table(), folder.path("s.arrow"), 1000, arrow::Compression::UNCOMPRESSED, true);
  expect_equal(read_table(folder.path("s.arrow")), expected);
}

/// Reads `content`; a slalom error or a table are both fine, anything else ends the test program.
void read_damaged(const TempFolder& folder, const std::string& name, const std::string& content) {
  try {
    (void)read_table(folder.file(name, content));
  } catch (const Error& error) {
    EXPECT_TRUE(error.code() == ExitCode::kData || error.code() == ExitCode::kDevice) << error.what();
  }
}

TEST(ArrowReader, SurvivesCutAndDamagedFiles) {
  const TempFolder folder;
  const auto table = long_table()->Slice(0, 40);
  write_parquet(*table, folder.path("whole.parquet"));
  write_ipc(*table, folder.path("whole.feather"));
  write_ipc(*table, folder.path("whole.arrow"), 10, arrow::Compression::UNCOMPRESSED, true);
  for (const std::string kind : {"parquet", "feather", "arrow"}) {
    const std::string whole = file_content(folder.path("whole." + kind));
    const std::string name = "t." + kind;
    for (std::size_t size = 1; size < whole.size(); size += 7) read_damaged(folder, name, whole.substr(0, size));
    for (std::size_t at = 0; at < whole.size(); at += 3) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(static_cast<unsigned char>(damaged[at]) ^ (at % 2 == 0 ? 0xFFU : 1U << (at % 8)));
      read_damaged(folder, name, damaged);
    }
  }
}

TEST(ArrowReader, CallsATruncatedParquetFileUnreadable) {
  const TempFolder folder;
  write_parquet(*long_table(), folder.path("t.parquet"));
  const std::string whole = file_content(folder.path("t.parquet"));
  const std::string path = folder.file("cut.parquet", whole.substr(0, whole.size() / 2));
  EXPECT_TRUE(message_of([&] { (void)read_table(path); }).starts_with(path + ": cannot be read: "));
}

}  // namespace
}  // namespace slalom
