// SPDX-License-Identifier: Apache-2.0
// Writes tables piece by piece to CSV, Parquet, Feather or npy.
#include "data/table_writer.hpp"

#include <fmt/format.h>

#include <string_view>
#include <utility>

#include "data/column_names.hpp"
#include "data/format.hpp"
#include "slalom/error.hpp"

namespace slalom {

std::unique_ptr<TableWriter> TableWriter::create(const std::string& path, std::vector<OutputColumn> columns) {
  std::vector<std::string> names;
  names.reserve(columns.size());
  for (const OutputColumn& column : columns) names.push_back(column.name);
  check_column_names(path, names);
  if (std::string_view(path).ends_with(".gz")) {
    throw UsageError(path + ": gzip output is not supported, expected .csv, .tsv, .parquet, .feather or .npy");
  }
  switch (find_format(path)) {
    case FileFormat::kParquet: return create_parquet_writer(path, std::move(columns));
    case FileFormat::kFeather: return create_ipc_writer(path, std::move(columns));
    case FileFormat::kNpy: return create_npy_writer(path, std::move(columns));
    case FileFormat::kLibsvm:
      throw UsageError(path + ": LIBSVM output is not supported, expected .csv, .tsv, .parquet, .feather or .npy");
    case FileFormat::kCsv: break;
  }
  return create_csv_writer(path, std::move(columns), std::string_view(path).ends_with(".tsv") ? '\t' : ',');
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
