// SPDX-License-Identifier: Apache-2.0
// Gives a picture what the page around it would say.
#include "landscape/picture_file.hpp"

#include <algorithm>
#include <utility>

#include "landscape/way_points.hpp"

namespace slalom::landscape {
namespace {

constexpr int kSmall = 7, kLarge = 10;  ///< pixels of a character, about
constexpr int kBeside = 80;             ///< pixels left and right of a line

/// Words in lines of at most `most` characters, if no word is longer.
void add_lines(std::vector<std::string>& lines, const std::string& text, std::size_t most) {
  std::string line;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (!line.empty() && line.size() + 1 + word.size() > most) lines.push_back(std::exchange(line, ""));
    line += (line.empty() ? "" : " ") + word;
    begin = end + 1;
  }
  lines.push_back(line);
}

}  // namespace

PictureFile picture_file(const Surface& surface, const Picture& picture, report::html::Scheme scheme, int width) {
  using report::html::clean_text;
  const Ground ground = ground_of(surface, {picture});
  const auto characters = [&](int pixels) { return static_cast<std::size_t>((width - kBeside) / pixels); };
  Header header;
  add_lines(header.title, clean_text(surface.title + ": " + picture.title), characters(kLarge));
  add_lines(header.text, clean_text(surface.formula), characters(kSmall));
  for (const std::string& note : notes_of(picture, ground.frame))
    add_lines(header.text, clean_text(note), characters(kSmall));
  PictureFile file{.spec = picture_spec(surface, ground, picture, header),
                   .config = report::html::chart_config(scheme)};
  file.spec["description"] = clean_text(picture.title + ". " + picture.description);
  file.config["background"] = file.config["signals"][0]["value"];  // theme_surface
  return file;
}

}  // namespace slalom::landscape
