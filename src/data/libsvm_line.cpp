// SPDX-License-Identifier: Apache-2.0
// One line of LIBSVM text: `label index:value ... # comment`.
#include "data/libsvm_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "data/cell_text.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kMaxIndex = std::numeric_limits<std::int32_t>::max();

struct Place {
  const std::string& path;
  std::int64_t line;

  [[noreturn]] void fail(std::string_view found, std::string_view expected) const {
    throw DataError(fmt::format("{}, line {}: found {}, expected {}", path, line, quote_for_message(found), expected));
  }
};

/// Takes the next word off the front of `text`; empty at the end.
std::string_view next_word(std::string_view& text) {
  text = trim_blanks(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

double parse_number(std::string_view text, std::string_view word, std::string_view expected, const Place& place) {
  double value = std::numeric_limits<double>::quiet_NaN();
  const CellKind kind = parse_cell(text, value);
  if (kind == CellKind::kText || text.empty()) place.fail(word, expected);
  if (kind == CellKind::kInfinite) place.fail(word, "a finite number");
  return value;
}

std::int64_t parse_index(std::string_view text, std::string_view word, const Place& place) {
  std::int64_t index = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), index);
  if (error != std::errc{} || end != text.data() + text.size() || index < 0 || index > kMaxIndex) {
    place.fail(word, fmt::format("index:value with an index from 1 to {}", kMaxIndex));
  }
  return index;
}

}  // namespace

bool parse_libsvm_line(std::string_view text, const std::string& path, std::int64_t number, LibsvmLine& line) {
  const Place place{.path = path, .line = number};
  text = text.substr(0, text.find('#'));
  std::string_view word = next_word(text);
  if (word.empty()) return false;
  line.label = parse_number(word, word, "a number as the label", place);
  line.features.clear();
  std::int64_t previous = -1;
  for (word = next_word(text); !word.empty(); word = next_word(text)) {
    const std::size_t colon = word.find(':');
    if (colon == std::string_view::npos) place.fail(word, "index:value");
    if (word.substr(0, colon) == "qid") continue;
    const std::int64_t index = parse_index(word.substr(0, colon), word, place);
    if (index <= previous) place.fail(word, fmt::format("an index above {} (indices ascend in a line)", previous));
    previous = index;
    line.features.push_back(
        {.index = index, .value = parse_number(word.substr(colon + 1), word, "index:number", place)});
  }
  return true;
}

}  // namespace slalom
