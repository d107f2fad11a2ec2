// SPDX-License-Identifier: Apache-2.0
// Made-up tables and a scratch folder for benchmarks of files and preprocessing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <slalom/table.hpp>

namespace slalom::bench {

/// Columns x0 .. of numbers with five digits, `n_categorical` columns c0 .. of eight cities, and the number y.
[[nodiscard]] Table make_table(std::int64_t n_rows, int n_numeric, int n_categorical);

/// Whether all names, numbers and categories are the same.
[[nodiscard]] bool equal(const Table& a, const Table& b);

/// A folder of its own, removed with everything in it.
class ScratchFolder {
 public:
  /// Throws std::filesystem::filesystem_error if there is no place for it.
  ScratchFolder();
  ~ScratchFolder();
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

}  // namespace slalom::bench
