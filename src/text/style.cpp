// SPDX-License-Identifier: Apache-2.0
// Asks the stream and the environment.
#include "text/style.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace slalom::text {
namespace {

constexpr std::size_t kUnknownColumns = 80;

std::string_view variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Of the variables in the order in which the C library takes them, the first that is set decides.
Charset charset_of_locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = variable(name);
    if (value.empty()) continue;
    for (const char* utf8 : {"UTF-8", "utf-8", "UTF8", "utf8"}) {
      if (value.find(utf8) != std::string_view::npos) return Charset::kUtf8;
    }
    return Charset::kAscii;
  }
  return Charset::kAscii;
}

bool has_colour(bool live, ColourChoice choice) {
  if (choice != ColourChoice::kAuto) return choice == ColourChoice::kAlways;
  if (!variable("NO_COLOR").empty()) return false;
  const std::string_view force = variable("CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return live && variable("CLICOLOR") != "0";
}

const char* code_of(Tone tone) {
  switch (tone) {
    case Tone::kPlain: break;
    case Tone::kHeading: return "\x1b[1m";
    case Tone::kGood: return "\x1b[32m";
    case Tone::kNote: return "\x1b[36m";
    case Tone::kCaution: return "\x1b[33m";
    case Tone::kError: return "\x1b[1;31m";
  }
  return "";
}

}  // namespace

Style Style::of(std::FILE* stream, ColourChoice choice) {
  Style style;
  const std::string_view kind = variable("TERM");
  const bool terminal = isatty(fileno(stream)) != 0;
  style.live = terminal && !kind.empty() && kind != "dumb";
  style.colour = has_colour(style.live, choice);
  if (terminal) style.charset = charset_of_locale();
  style.columns = terminal_columns(stream);
  return style;
}

std::string Style::paint(Tone tone, const std::string& text) const {
  if (!colour || tone == Tone::kPlain || text.empty()) return text;
  return code_of(tone) + text + "\x1b[0m";
}

std::size_t terminal_columns(std::FILE* stream) {
  const int descriptor = fileno(stream);
  if (isatty(descriptor) == 0) return 0;
  winsize size{};
  const std::size_t told = ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
  std::size_t wanted = 0;
  const std::string_view text = variable("COLUMNS");
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), wanted);
  if (error != std::errc() || end != text.data() + text.size()) wanted = 0;
  if (told > 0 && wanted > 0) return std::min(told, wanted);
  return told > 0 ? told : wanted > 0 ? wanted : kUnknownColumns;
}

}  // namespace slalom::text
