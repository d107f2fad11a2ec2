// SPDX-License-Identifier: Apache-2.0
// Reading whole files into tables: bytes of the file and cells a second.
#include <filesystem>
#include <string>

#include "data/table_writer.hpp"
#include "suite.hpp"
#include "tables.hpp"

namespace slalom::bench {
namespace {

constexpr int kNumeric = 16, kCategorical = 2;

void write(const Table& table, const std::string& path) {
  std::vector<OutputColumn> columns;
  for (const Column& column : table.columns) columns.push_back({column.name(), !column.is_numeric()});
  const auto writer = TableWriter::create(path, columns);
  writer->write(table.columns);
  writer->finish();
}

/// Must come back as it was written, cell by cell.
void time_loading(benchmark::State& state, Suite& suite, const std::string& extension, std::int64_t n_rows) {
  const Table expected = make_table(n_rows, kNumeric, kCategorical);
  const ScratchFolder folder;
  const std::string path = folder.path("table." + extension);
  write(expected, path);
  if (!equal(read_table(path), expected)) {
    suite.fail(state, "the table that was read is not the one that was written");
    return;
  }
  for (auto _ : state) {
    Table table = read_table(path);
    benchmark::DoNotOptimize(table.n_rows);
  }
  count_rate(state, "bytes/s", static_cast<double>(std::filesystem::file_size(path)));
  count_rate(state, "rows/s", static_cast<double>(n_rows));
  count_rate(state, "cells/s", static_cast<double>(n_rows) * static_cast<double>(expected.columns.size()));
}

}  // namespace

void register_loading(Suite& suite) {
  for (const std::string extension : {"csv", "parquet", "feather"}) {
    for (const std::int64_t n_rows : {20000, 400000}) {
      suite.add(
          "Load/" + extension + "/rows:" + std::to_string(n_rows), benchmark::kMillisecond,
          [&suite, extension, n_rows](benchmark::State& state) { time_loading(state, suite, extension, n_rows); });
    }
  }
}

}  // namespace slalom::bench
