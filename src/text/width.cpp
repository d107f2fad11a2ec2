// SPDX-License-Identifier: Apache-2.0
// Measures and cuts text by Unicode's character widths.
#include "text/width.hpp"

#include "text/code_points.hpp"

namespace slalom::text {
namespace {

std::size_t width_of(const CodePoint& point) {
  return point.value < 0 ? 1 : static_cast<std::size_t>(utf8proc_charwidth(point.value));
}

}  // namespace

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for_each_code_point(text, [&](const CodePoint& point) {
    width += width_of(point);
    return true;
  });
  return width;
}

std::string fit(std::string_view text, std::size_t columns, std::string_view ellipsis) {
  if (display_width(text) <= columns) return std::string(text);
  const std::size_t mark = display_width(ellipsis);
  if (mark > columns) ellipsis = {};
  const std::size_t left = columns - (mark > columns ? 0 : mark);
  std::size_t width = 0, length = 0;
  for_each_code_point(text, [&](const CodePoint& point) {  // a combining character stays with the one before it
    width += width_of(point);
    if (width > left) return false;
    length += point.bytes.size();
    return true;
  });
  return std::string(text.substr(0, length)) + std::string(ellipsis);
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::string_view ellipsis) {
  std::vector<std::string> lines(1);
  std::size_t width = 0;
  while (!text.empty()) {
    const std::size_t end = text.find(' ');
    const std::string word = fit(text.substr(0, end), columns, ellipsis);
    const std::size_t word_width = display_width(word);
    const bool first = lines.back().empty();
    if (!first && width + 1 + word_width > columns) {
      lines.push_back(word);
      width = word_width;
    } else {
      lines.back() += (first ? "" : " ") + word;
      width += word_width + (first ? 0 : 1);
    }
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

}  // namespace slalom::text
