// SPDX-License-Identifier: Apache-2.0
// How many columns of a terminal text takes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace slalom::text {

/// Columns between neighbours on a line: the cells of a table, the parts of a live line.
inline constexpr std::size_t kGap = 2;

/// Columns of printable UTF-8 text: two for wide characters (CJK, emoji), none for combining ones. A byte that is not
/// UTF-8 counts as one.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// The text if it takes at most `columns`, else its beginning with `ellipsis` at the end, at most `columns` wide.
[[nodiscard]] std::string fit(std::string_view text, std::size_t columns, std::string_view ellipsis);

/// Lines of at most `columns` (> 0), broken at blanks; a word that is wider gets the ellipsis. At least one line.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns, std::string_view ellipsis);

}  // namespace slalom::text
