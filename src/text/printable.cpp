// SPDX-License-Identifier: Apache-2.0
// Spells out what must not reach a terminal.
#include "text/printable.hpp"

#include <cstdint>
#include <iterator>

#include <fmt/format.h>

#include "text/code_points.hpp"

namespace slalom::text {
namespace {

/// Marks that make text read other than it is stored (Unicode's Bidi_Control).
bool turns_direction(std::int32_t c) {
  return c == 0x061C || c == 0x200E || c == 0x200F || (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}

bool may_be_shown(std::int32_t c, Charset charset) {
  if (c < 0 || (c > 0x7E && charset == Charset::kAscii)) return false;
  const utf8proc_category_t category = utf8proc_category(c);
  return category != UTF8PROC_CATEGORY_CC && category != UTF8PROC_CATEGORY_ZL && category != UTF8PROC_CATEGORY_ZP &&
         !turns_direction(c);
}

void spell_out(std::string& out, const CodePoint& point) {
  const auto to = std::back_inserter(out);
  switch (point.value) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (point.value < 0) {
    fmt::format_to(to, "\\x{:02x}", static_cast<unsigned char>(point.bytes.front()));
  } else if (point.value < 0x80) {
    fmt::format_to(to, "\\x{:02x}", point.value);
  } else if (point.value < 0x10000) {
    fmt::format_to(to, "\\u{:04x}", point.value);
  } else {
    fmt::format_to(to, "\\U{:08x}", point.value);
  }
}

std::string shown(std::string_view text, Charset charset, bool keep_lines) {
  std::string out;
  out.reserve(text.size());
  for_each_code_point(text, [&](const CodePoint& point) {
    const char* const next = point.bytes.data() + point.bytes.size();
    const bool indents = next == text.data() + text.size() || *next == ' ';
    if (may_be_shown(point.value, charset) || (keep_lines && point.value == '\n' && indents)) {
      out += point.bytes;
    } else {
      spell_out(out, point);
    }
    return true;
  });
  return out;
}

}  // namespace

std::string printable(std::string_view text, Charset charset) { return shown(text, charset, false); }

std::string printable_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for_each_code_point(json, [&](const CodePoint& point) {
    if (point.value < 0 || may_be_shown(point.value, Charset::kUtf8)) {  // JSON is UTF-8: the first never happens
      out += point.bytes;
    } else {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", point.value);
    }
    return true;
  });
  return out;
}

std::string printable_lines(std::string_view text, Charset charset) { return shown(text, charset, true); }

}  // namespace slalom::text
