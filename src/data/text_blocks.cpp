// SPDX-License-Identifier: Apache-2.0
// Cuts a text file into blocks of whole records, with the line number at which each block starts.
#include "data/text_blocks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "data/record_scanner.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

TextBlocks::TextBlocks(const std::string& path) : path_(path), source_(path) {
  grow();
  if (std::string_view(pending_).starts_with(kByteOrderMark)) pending_.erase(0, kByteOrderMark.size());
}

bool TextBlocks::grow() {
  if (at_end_) return false;
  const std::size_t n_before = pending_.size();
  at_end_ = source_.read(kBlockBytes, pending_) < kBlockBytes;
  check_no_nul(n_before);
  return true;
}

void TextBlocks::skip(std::size_t n_bytes, std::int64_t n_lines) {
  pending_.erase(0, n_bytes);
  line_ += n_lines;
  if (pending_.size() < kBlockBytes) grow();
}

std::optional<TextBlock> TextBlocks::next() {
  std::size_t cut = find_cut();
  while (cut == 0 && !at_end_) {
    if (pending_.size() > kMaxRecordBytes) refuse_long_record();
    // Twice as much a time: every search starts anew, and one block more a time would make long records quadratic.
    const std::size_t n_wanted = std::min(2 * pending_.size(), kMaxRecordBytes + 1);
    do grow();
    while (pending_.size() < n_wanted && !at_end_);
    cut = find_cut();
  }
  if (cut == 0) return std::nullopt;
  TextBlock block{.bytes = std::exchange(pending_, {}), .first_line = line_};
  pending_.assign(block.bytes, cut);
  block.bytes.resize(cut);
  line_ += count_line_ends(block.bytes);
  grow();
  return block;
}

void TextBlocks::refuse_long_record() const {
  throw DataError(fmt::format("{}, line {}: is longer than {} MiB, expected a line end (is a quote not closed?)", path_,
                              line_, kMaxRecordBytes >> 20U));
}

/// Offset behind the last complete record of pending_; 0 if there is none.
std::size_t TextBlocks::find_cut() const {
  if (delimiter_ && pending_.find('"') != std::string::npos) return find_record_cut();
  if (at_end_) return pending_.size();
  std::size_t line_end = pending_.rfind('\n');
  if (line_end == std::string::npos && pending_.size() > 1) {
    line_end = pending_.rfind('\r', pending_.size() - 2);  // a CR at the very end may be half of CR LF
  }
  return line_end == std::string::npos ? 0 : line_end + 1;
}

std::size_t TextBlocks::find_record_cut() const {
  const std::string_view bytes = pending_;
  std::size_t cut = 0;
  std::int64_t line = line_;
  while (const auto record = scan_record(bytes, cut, *delimiter_)) {
    if (record->is_open && at_end_) {
      throw DataError(fmt::format("{}, line {}: has a quote that is never closed", path_, line));
    }
    const bool may_go_on = !record->is_terminated || (record->next == bytes.size() && bytes.back() == '\r');
    if (may_go_on && !at_end_) break;
    cut = record->next;
    line += record->n_lines;
  }
  return cut;
}

/// Checks pending_ from `offset` on.
void TextBlocks::check_no_nul(std::size_t offset) const {
  const std::size_t at = pending_.find('\0', offset);
  if (at == std::string::npos) return;
  throw DataError(fmt::format("{}, line {}: holds a NUL byte, expected UTF-8 text", path_,
                              line_ + count_line_ends(std::string_view(pending_).substr(0, at))));
}

}  // namespace slalom
