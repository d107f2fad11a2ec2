// SPDX-License-Identifier: Apache-2.0
// Cuts a text file into blocks of whole records, with the line number at which each block starts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "data/byte_source.hpp"

namespace slalom {

/// Whole records of a text file.
struct TextBlock {
  std::string bytes;
  std::int64_t first_line = 1;  ///< 1-based physical line of the first byte
};

/// Reads a text file in blocks of about kBlockBytes that end where a record ends, so that blocks can be parsed
/// independently of each other. A UTF-8 byte order mark at the start is dropped.
class TextBlocks {
 public:
  static constexpr std::size_t kBlockBytes = std::size_t{1} << 20;
  static constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 26;

  /// Throws as ByteSource and grow().
  explicit TextBlocks(const std::string& path);

  /// Quoted values may hold line ends: records are then found by scanning fields. By default a record is a line.
  void set_quoting(char delimiter) { delimiter_ = delimiter; }

  /// The bytes that are read but not handed out yet; at least kBlockBytes unless the file ends before.
  [[nodiscard]] std::string_view head() const noexcept { return pending_; }

  /// Reads a further kBlockBytes into head(); false at the end of the file. Throws as ByteSource::read, and DataError
  /// naming the line of a NUL byte.
  bool grow();

  /// Drops the first `n_bytes` of head(), which hold `n_lines` lines.
  void skip(std::size_t n_bytes, std::int64_t n_lines);

  /// The line of head()'s first byte.
  [[nodiscard]] std::int64_t line() const noexcept { return line_; }

  /// The next block (never empty), or nullopt at the end. Throws DataError naming the line if a record is longer than
  /// kMaxRecordBytes or if a quote is never closed; and as grow().
  std::optional<TextBlock> next();

  /// Throws DataError: the record that begins at head() is longer than kMaxRecordBytes.
  [[noreturn]] void refuse_long_record() const;

 private:
  [[nodiscard]] std::size_t find_cut() const;
  [[nodiscard]] std::size_t find_record_cut() const;
  void check_no_nul(std::size_t offset) const;

  std::string path_;
  ByteSource source_;
  std::string pending_;
  std::int64_t line_ = 1;
  bool at_end_ = false;
  std::optional<char> delimiter_;
};

}  // namespace slalom
