// SPDX-License-Identifier: Apache-2.0
// Makes text from files harmless to the terminal that shows it.
#pragma once

#include <string>
#include <string_view>

namespace slalom::text {

/// What a reader's screen understands.
enum class Charset { kUtf8, kAscii };

/// The text on one line, without anything that a terminal obeys: control characters (C0, DEL, C1), line and paragraph
/// separators, marks that turn the direction of writing, and bytes that are not UTF-8 are spelt out as \n, \x1b,
/// \u202e, \xff. With kAscii all else that is not ASCII is spelt out too.
[[nodiscard]] std::string printable(std::string_view text, Charset charset = Charset::kUtf8);

/// The same, but a line feed before a blank or at the end stays: lines of a message after the first are indented, and
/// a name cannot pass for another message.
[[nodiscard]] std::string printable_lines(std::string_view text, Charset charset = Charset::kUtf8);

/// JSON in UTF-8 on one line, the same JSON with all of that as \uXXXX within its strings.
[[nodiscard]] std::string printable_json(std::string_view json);

}  // namespace slalom::text
