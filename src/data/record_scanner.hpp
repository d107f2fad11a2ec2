// SPDX-License-Identifier: Apache-2.0
// Where the records of a delimited text begin and end, quoted newlines included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace slalom {

/// One record (usually a line) of a text.
struct Record {
  std::string_view text;      ///< without the line end
  std::size_t next = 0;       ///< offset behind the line end
  std::int64_t n_lines = 1;   ///< physical lines it spans
  std::int64_t n_fields = 1;  ///< fields by the given delimiter
  bool is_terminated = true;  ///< false: the text ends before the record's line end
  bool is_open = false;       ///< the text ends inside quotes
};

/// The record that starts at `offset`, or nullopt at the end of `bytes`. The rules are those of Arrow's CSV parser: a
/// quote counts only as the first character of a field, "" inside quotes is a quote, LF, CR LF and CR end lines.
[[nodiscard]] std::optional<Record> scan_record(std::string_view bytes, std::size_t offset, char delimiter) noexcept;

/// Number of line ends in `bytes`: LF, CR LF and CR each count once.
[[nodiscard]] std::int64_t count_line_ends(std::string_view bytes) noexcept;

}  // namespace slalom
