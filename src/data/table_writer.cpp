// SPDX-License-Identifier: Apache-2.0
// Writes tables piece by piece to CSV, Parquet, Feather or npy.
#include "data/table_writer.hpp"

#include <fmt/format.h>

#include <filesystem>
#include <string_view>
#include <utility>

#include "data/column_names.hpp"
#include "data/format.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr std::string_view kExpected = ", expected .csv, .tsv, .parquet, .feather or .npy";

/// What separates fields. A name that says nothing (such as /dev/stdout) means CSV; one that says something else must
/// not get CSV.
char delimiter_of(const std::string& path) {
  const std::string extension = lower_case(std::filesystem::path(path).extension().string());
  if (extension == ".tsv") return '\t';
  if (extension.empty() || extension == ".csv" || extension == ".txt") return ',';
  throw UsageError(fmt::format("{}: found the extension {}{}", path, extension, kExpected));
}

}  // namespace

std::unique_ptr<TableWriter> TableWriter::create(const std::string& path, std::vector<OutputColumn> columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const OutputColumn& column : columns) names.push_back(column.name);
  check_column_names(path, names);
  if (std::string_view(path).ends_with(".gz")) {
    throw UsageError(fmt::format("{}: gzip output is not supported{}", path, kExpected));
  }
  switch (find_format(path)) {
    case FileFormat::kParquet: return create_parquet_writer(path, std::move(columns));
    case FileFormat::kFeather: return create_ipc_writer(path, std::move(columns));
    case FileFormat::kNpy: return create_npy_writer(path, std::move(columns));
    case FileFormat::kLibsvm: throw UsageError(fmt::format("{}: LIBSVM output is not supported{}", path, kExpected));
    case FileFormat::kCsv: break;
  }
  return create_csv_writer(path, std::move(columns), delimiter_of(path));
}

void TableWriter::write(const std::vector<Column>& columns) {
  bool matches = columns.size() == columns_.size();
  for (std::size_t i = 0; matches && i < columns.size(); ++i) {
    matches = columns[i].name() == columns_[i].name && columns[i].is_numeric() != columns_[i].is_categorical &&
              columns[i].size() == columns.front().size();
  }
  if (!matches) throw Error(ExitCode::kSoftware, "TableWriter: the columns of a piece are not those of the file");
  append(columns);
}

}  // namespace slalom
