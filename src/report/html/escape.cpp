// SPDX-License-Identifier: Apache-2.0
// Escapes by the HTML standard's rules for text, attributes and script data.
#include "report/html/escape.hpp"

#include <cstdint>

#include "text/code_points.hpp"

namespace slalom::report::html {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

/// A control character (Unicode's Cc) other than tab and line feed.
bool is_control(std::int32_t c) { return (c < 0x20 && c != '\t' && c != '\n') || (c >= 0x7F && c < 0xA0); }

}  // namespace

std::string clean_text(std::string_view dirty) {
  std::string clean;
  clean.reserve(dirty.size());
  text::for_each_code_point(dirty, [&](const text::CodePoint& point) {
    clean += point.value < 0 || is_control(point.value) ? kReplacement : point.bytes;
    return true;
  });
  return clean;
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : clean_text(text)) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      case '\'': escaped += "&#39;"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string script_json(const Json& json) {
  std::string escaped;
  for (const char c : json.dump(-1, ' ', false, Json::error_handler_t::replace)) {
    if (c == '<') {  // only inside strings
      escaped += "\\u003c";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace slalom::report::html
