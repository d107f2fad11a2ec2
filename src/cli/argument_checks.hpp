// SPDX-License-Identifier: Apache-2.0
// Checks of arguments that CLI11 leaves out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace CLI {
class App;
}

namespace slalom::cli {

/// The whole decimal number that `text` is, or nullopt (also beyond 64 bits).
[[nodiscard]] std::optional<std::int64_t> parse_whole(const std::string& text);

/// The number that `text` is, inf and nan included, or nullopt (also beyond the range of a double).
[[nodiscard]] std::optional<double> parse_number(const std::string& text);

/// Makes every option of every command refuse what CLI11 would take silently: numbers beyond their type's range (which
/// it clamps), negative seeds (which it wraps), octal and hexadecimal ones, empty values, and a second value behind a
/// list (a,b,c is one value).
void add_argument_checks(CLI::App& app);

}  // namespace slalom::cli
