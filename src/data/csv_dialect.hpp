// SPDX-License-Identifier: Apache-2.0
// How a CSV file is written: its delimiter, and the names in its header.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slalom {

/// What is the same for all blocks of a CSV file.
struct CsvLayout {
  std::string source;              ///< path as the user gave it
  char delimiter = ',';            ///< ' ' stands for any run of blanks and tabs
  std::vector<std::string> names;  ///< one per column
};

/// The delimiter of `text`, which starts at a record and may end within one (`is_whole`: it does not). Comma,
/// semicolon, tab and pipe are tried first and runs of blanks last; that one wins which cuts the most of the first
/// records into as many fields (at least two) as the first one, then the one with the most fields. Text without any of
/// them has one column: comma.
[[nodiscard]] char find_delimiter(std::string_view text, bool is_whole);

/// Blank-separated text with every run of blanks and tabs outside quotes replaced by one blank, and none at line ends.
[[nodiscard]] std::string collapse_blanks(std::string_view text);

/// The fields of one record, unquoted; blanks around unquoted ones are removed.
[[nodiscard]] std::vector<std::string> split_record(std::string_view record, char delimiter);

/// The content of a field: as it is if it was quoted, else without blanks around it, and without quotes that follow a
/// blank (as in `1, "x"`). `scratch` holds the result where it cannot be a part of `field`.
[[nodiscard]] std::string_view field_content(std::string_view field, bool quoted, std::string& scratch);

/// Column names from the header on line `line`; an empty name becomes c0, c1, ... by position. Throws DataError if two
/// are equal, if one is not UTF-8, or if the header is a row of data (all numbers, and not whole numbers in rising
/// order).
[[nodiscard]] std::vector<std::string> header_names(const std::string& source, std::int64_t line,
                                                    std::vector<std::string> fields);

}  // namespace slalom
