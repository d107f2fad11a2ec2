// SPDX-License-Identifier: Apache-2.0
// Writes tables piece by piece to CSV, Parquet, Feather or npy.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "slalom/table.hpp"

namespace slalom {

/// A column of an output file, known before its cells are.
struct OutputColumn {
  std::string name;
  bool is_categorical = false;
};

/// A file that is being written; it appears under its name at finish() and not at all without it (see AtomicFile).
class TableWriter {
 public:
  /// Opens `path` in the format of its name: .parquet/.pq, .feather/.arrow/.ipc, .npy (numeric columns only, float64;
  /// one column has one dimension), .tsv, and anything else as CSV. Throws UsageError if the format cannot hold the
  /// columns or cannot be written (LIBSVM, gzip), OutputError if the file cannot be created.
  static std::unique_ptr<TableWriter> create(const std::string& path, std::vector<OutputColumn> columns);

  virtual ~TableWriter() = default;
  TableWriter(const TableWriter&) = delete;
  TableWriter& operator=(const TableWriter&) = delete;
  TableWriter(TableWriter&&) = delete;
  TableWriter& operator=(TableWriter&&) = delete;

  /// Appends rows: columns of equal length, with the names and kinds given to create(), in that order. Missing cells
  /// become empty (CSV), null (Parquet, Feather) or NaN (npy). Throws OutputError (kIo), for instance when the disk is
  /// full.
  void write(const std::vector<Column>& columns);

  /// Completes the file and gives it its name. Call once, as the last thing. Throws OutputError (kIo).
  virtual void finish() = 0;

 protected:
  explicit TableWriter(std::vector<OutputColumn> columns) : columns_(std::move(columns)) {}
  [[nodiscard]] const std::vector<OutputColumn>& columns() const noexcept { return columns_; }

 private:
  virtual void append(const std::vector<Column>& columns) = 0;

  std::vector<OutputColumn> columns_;
};

/// The writers behind create().
std::unique_ptr<TableWriter> create_csv_writer(const std::string& path, std::vector<OutputColumn> columns,
                                               char delimiter);
std::unique_ptr<TableWriter> create_npy_writer(const std::string& path, std::vector<OutputColumn> columns);
std::unique_ptr<TableWriter> create_parquet_writer(const std::string& path, std::vector<OutputColumn> columns);
std::unique_ptr<TableWriter> create_ipc_writer(const std::string& path, std::vector<OutputColumn> columns);

}  // namespace slalom
