// SPDX-License-Identifier: Apache-2.0
// What the text of one cell means: missing, a number, or a category; and how numbers become text again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace slalom {

enum class CellKind {
  kMissing,   ///< "", NA, N/A, null, None, ?, or nan in any case with or without a sign
  kNumber,    ///< a finite decimal number; too small ones become 0
  kInfinite,  ///< inf, infinity (any case), or too large for a double, like 1e999
  kText       ///< anything else
};

/// `text` without blanks and tabs at both ends.
[[nodiscard]] std::string_view trim_blanks(std::string_view text) noexcept;

/// True if `text` (already trimmed) is a spelling of a missing value.
[[nodiscard]] bool is_missing_text(std::string_view text) noexcept;

/// Every text for which is_missing_text is true.
[[nodiscard]] std::vector<std::string> missing_texts();

/// Reads a cell (already trimmed); `value` is set only for kNumber. Independent of the locale: the decimal point is a
/// point, there are no thousands separators, and hexadecimal numbers are text.
[[nodiscard]] CellKind parse_cell(std::string_view text, double& value) noexcept;

/// The spelling under which a text cell is stored as a category: true, True, TRUE become "true", likewise false; other
/// texts stay as they are. So a boolean column has the categories "false" and "true" whatever format it came in.
[[nodiscard]] std::string_view canonical_category(std::string_view text) noexcept;

/// Appends the shortest text that reads back as the same double; "nan", "inf", "-inf" for the values that have none.
void append_number(std::string& out, double value);

/// `text` in double quotes for an error message: control characters and broken UTF-8 escaped, cut after 40 bytes.
[[nodiscard]] std::string quote_for_message(std::string_view text);

/// True if `text` is well-formed UTF-8.
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace slalom
