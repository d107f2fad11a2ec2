// SPDX-License-Identifier: Apache-2.0
// Where the records of a delimited text begin and end, quoted newlines included.
#include "data/record_scanner.hpp"

#include <algorithm>

namespace slalom {
namespace {

constexpr char kQuote = '"';

/// Offset behind the closing quote of the value whose opening quote is at `offset`, or npos.
std::size_t skip_quoted(std::string_view bytes, std::size_t offset) noexcept {
  std::size_t at = offset + 1;
  while (true) {
    at = bytes.find(kQuote, at);
    if (at == std::string_view::npos) return at;
    if (at + 1 >= bytes.size() || bytes[at + 1] != kQuote) return at + 1;
    at += 2;
  }
}

}  // namespace

std::int64_t count_line_ends(std::string_view bytes) noexcept {
  std::int64_t count = std::count(bytes.begin(), bytes.end(), '\n');
  for (std::size_t at = bytes.find('\r'); at != std::string_view::npos; at = bytes.find('\r', at + 1)) {
    if (at + 1 >= bytes.size() || bytes[at + 1] != '\n') ++count;
  }
  return count;
}

std::optional<Record> scan_record(std::string_view bytes, std::size_t offset, char delimiter) noexcept {
  if (offset >= bytes.size()) return std::nullopt;
  Record record;
  std::size_t at = offset;
  bool field_start = true;
  while (at < bytes.size()) {
    const char c = bytes[at];
    if (field_start && c == kQuote) {
      const std::size_t end = skip_quoted(bytes, at);
      if (end == std::string_view::npos) {
        record.is_open = true;
        at = bytes.size();
        break;
      }
      record.n_lines += count_line_ends(bytes.substr(at, end - at));
      at = end;
      field_start = false;
    } else if (c == delimiter) {
      ++record.n_fields;
      field_start = true;
      ++at;
    } else if (c == '\n' || c == '\r') {
      break;
    } else {
      field_start = false;
      ++at;
    }
  }
  record.text = bytes.substr(offset, at - offset);
  record.is_terminated = at < bytes.size();
  record.next = at;
  if (record.is_terminated) record.next += (bytes.substr(at, 2) == "\r\n") ? 2 : 1;
  return record;
}

}  // namespace slalom
