// SPDX-License-Identifier: Apache-2.0
// What the text of one cell means: missing, a number, or a category; and how numbers become text again.
#include "data/cell_text.hpp"

#include <arrow/util/utf8.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <system_error>

namespace slalom {
namespace {

constexpr std::size_t kQuotedBytes = 40;

constexpr bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equals_ignoring_case(std::string_view text, std::string_view lower_case) noexcept {
  if (text.size() != lower_case.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_case[i]) return false;
  }
  return true;
}

/// from_chars says "out of range" both for overflow and for underflow, and leaves the value alone. The wider exponent
/// of long double tells them apart; beyond that the sign of the exponent does.
CellKind classify_out_of_range(const char* first, const char* last, double& value) noexcept {
  long double wide = 0;
  if (std::from_chars(first, last, wide).ec == std::errc{}) {
    if (std::fabs(wide) > 1) return CellKind::kInfinite;
  } else if (const std::string_view text(first, static_cast<std::size_t>(last - first));
             text.find("e-") == std::string_view::npos && text.find("E-") == std::string_view::npos) {
    return CellKind::kInfinite;
  }
  value = *first == '-' ? -0.0 : 0.0;
  return CellKind::kNumber;
}

}  // namespace

std::string_view trim_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

bool is_missing_text(std::string_view text) noexcept {
  if (text.empty()) return true;
  if (text.size() > 4) return false;
  if (text.front() == '-' || text.front() == '+') return equals_ignoring_case(text.substr(1), "nan");
  return text == "NA" || text == "N/A" || text == "null" || text == "None" || text == "?" ||
         equals_ignoring_case(text, "nan");
}

std::vector<std::string> missing_texts() {
  std::vector<std::string> texts = {"", "NA", "N/A", "null", "None", "?"};
  for (const char* sign : {"", "-", "+"}) {
    for (const char* nan : {"nan", "naN", "nAn", "nAN", "Nan", "NaN", "NAn", "NAN"}) {
      texts.push_back(std::string(sign) + nan);
    }
  }
  return texts;
}

CellKind parse_cell(std::string_view text, double& value) noexcept {
  if (text.empty()) return CellKind::kMissing;
  const char* first = text.data();
  const char* const last = first + text.size();
  if (!is_digit(*first) && is_missing_text(text)) return CellKind::kMissing;
  if (*first == '+') {  // which from_chars does not take
    ++first;
    if (first == last || *first == '-') return CellKind::kText;
  }
  double parsed = 0;
  const auto [end, error] = std::from_chars(first, last, parsed);
  if (end != last) return CellKind::kText;
  if (error == std::errc::result_out_of_range) return classify_out_of_range(first, last, value);
  if (std::isinf(parsed)) return CellKind::kInfinite;
  if (std::isnan(parsed)) return CellKind::kText;  // "nan(...)"; plain nan is caught above
  value = parsed;
  return CellKind::kNumber;
}

std::string_view canonical_category(std::string_view text) noexcept {
  if (text == "True" || text == "TRUE") return "true";
  if (text == "False" || text == "FALSE") return "false";
  return text;
}

void append_number(std::string& out, double value) {
  std::array<char, 32> digits{};  // the longest shortest form is 24 characters
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end);
}

std::string quote_for_message(std::string_view text) {
  const bool cut = text.size() > kQuotedBytes;
  std::size_t length = cut ? kQuotedBytes : text.size();
  while (cut && length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80)
    --length;  // not inside a character
  const std::string_view shown = text.substr(0, length);
  const bool escape_high = !is_utf8(shown);
  std::string out = "\"";
  for (const char c : shown) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || (escape_high && byte >= 0x80)) {
      out += fmt::format("\\x{:02X}", byte);
    } else {
      out += c;
    }
  }
  out += cut ? "...\"" : "\"";
  return out;
}

bool is_utf8(std::string_view text) {
  arrow::util::InitializeUTF8();  // once; later calls only check a flag
  return arrow::util::ValidateUTF8(reinterpret_cast<const std::uint8_t*>(text.data()),
                                   static_cast<std::int64_t>(text.size()));
}

}  // namespace slalom
