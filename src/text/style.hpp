// SPDX-License-Identifier: Apache-2.0
// What the reader's end of a stream can show: colours, characters, columns.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <slalom/config.hpp>

#include "text/printable.hpp"

namespace slalom::text {

enum class ColourChoice { kAuto, kAlways, kNever };

/// What a piece of text is; its colour follows.
enum class Tone { kPlain, kHeading, kGood, kNote, kCaution, kError };

struct Style {
  bool colour = false;
  bool live = false;                 ///< lines can be rewritten
  Charset charset = Charset::kUtf8;  ///< of files and pipes; of a terminal, what its locale says
  std::size_t columns = 0;           ///< 0: no limit (files and pipes)

  /// Lines are rewritten on a terminal whose TERM is set and not "dumb". Colours are for those terminals too, but the
  /// choice of the user goes before NO_COLOR (no-color.org), that before CLICOLOR_FORCE and CLICOLOR=0
  /// (bixense.com/clicolors).
  [[nodiscard]] static Style of(std::FILE* stream, ColourChoice choice);

  /// The text in the colour of the tone, or as it is without colours.
  [[nodiscard]] std::string paint(Tone tone, const std::string& text) const;
  /// What stands for text that is left out.
  [[nodiscard]] std::string_view ellipsis() const { return charset == Charset::kUtf8 ? "\u2026" : "..."; }
};

/// The columns of the terminal behind a stream, as they are now: what the terminal says, or COLUMNS if that is less or
/// the terminal does not know; 80 if neither knows. 0 for what is not a terminal.
[[nodiscard]] std::size_t terminal_columns(std::FILE* stream);

}  // namespace slalom::text

namespace slalom {
template <>
struct EnumNames<text::ColourChoice> {
  static constexpr std::string_view kWhat = "colour choice";
  static constexpr std::array<std::pair<text::ColourChoice, std::string_view>, 3> kNames{
      {{text::ColourChoice::kAuto, "auto"},
       {text::ColourChoice::kAlways, "always"},
       {text::ColourChoice::kNever, "never"}}};
};
}  // namespace slalom
