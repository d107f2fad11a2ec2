// SPDX-License-Identifier: Apache-2.0
// What every file format implements: a table read in pieces.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "slalom/table.hpp"

namespace slalom {

/// An open input file. The pieces follow each other without gaps; every one has the same columns in the same order.
class TableReader {
 public:
  TableReader() = default;
  virtual ~TableReader() = default;
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;
  TableReader(TableReader&&) = delete;
  TableReader& operator=(TableReader&&) = delete;

  /// The next piece: at least one row, and about as many as `max_bytes` of the file hold. nullopt at the end.
  virtual std::optional<Table> next(std::int64_t max_bytes) = 0;
};

/// Whether the whole file becomes one table, or many pieces that are handed on one by one.
enum class ReadMode {
  kWhole,  ///< next() is called once with no limit: kinds may be inferred from all rows
  kStream  ///< memory is bounded by the piece: text columns without a known kind are categorical
};

/// Open a file of the given format; throw as read_table.
std::unique_ptr<TableReader> open_csv(const std::string& path, const ReadOptions& options, ReadMode mode);
std::unique_ptr<TableReader> open_libsvm(const std::string& path, const ReadOptions& options, ReadMode mode);
std::unique_ptr<TableReader> open_npy(const std::string& path, const ReadOptions& options);
std::unique_ptr<TableReader> open_parquet(const std::string& path, const ReadOptions& options);
std::unique_ptr<TableReader> open_ipc(const std::string& path, const ReadOptions& options);

}  // namespace slalom
