// SPDX-License-Identifier: Apache-2.0
// Writes the legend's marks: a row of signs, and below it a bar of the ground's colours with the levels where they change.
#include "landscape/picture_legend.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "landscape/levels.hpp"
#include "landscape/vega_value.hpp"

namespace slalom::landscape {
namespace {

using report::html::clean_text;
using report::html::Json;

constexpr int kSigns = 7, kBarTitle = 27, kBar = 35, kBarHeight = 11;  ///< rows: pixels below the legend's top
constexpr int kWidestBox = 30;
constexpr int kPixelsOfADigit = 7;

Json text_mark(const Json& x, int y, const std::string& text, const char* color) {
  return {{"type", "text"},
          {"interactive", false},
          {"encode",
           {{"update",
             {{"x", x},
              {"y", constant(y)},
              {"baseline", constant("middle")},
              {"text", constant(text)},
              {"fill", signal(color)}}}}}};
}

struct Sign {
  const char* shape;
  int size;
  const char *fill, *stroke;
  const char* words;
  int place;  ///< pixels from the left
};
constexpr std::array<Sign, 3> kRowOfSigns{{{"circle", 80, "theme_surface", "theme_ink", "start", 7},
                                           {"circle", 110, "theme_ink", "theme_surface", "reached", 62},
                                           {"cross", 120, "theme_ink", "theme_surface", "known minimum", 136}}};

Json sign_mark(const Sign& sign, int x, int y) {
  return {{"type", "symbol"},
          {"interactive", false},
          {"encode",
           {{"update",
             {{"x", constant(x + sign.place)},
              {"y", constant(y)},
              {"shape", constant(sign.shape)},
              {"size", constant(sign.size)},
              {"fill", signal(sign.fill)},
              {"stroke", signal(sign.stroke)},
              {"strokeWidth", constant(2)}}}}}};
}

}  // namespace

Json legend_data(const std::vector<std::string>& levels) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < levels.size(); ++i)
    rows.push_back({{"i", i}, {"from", levels[i]}, {"words", band_text(levels, i)}});
  return {{"name", "bands"}, {"values", std::move(rows)}};
}

std::vector<Json> legend_marks(const std::vector<std::string>& levels, const std::string& value, int x, int y,
                               const std::string& width) {
  std::vector<Json> marks;
  for (const Sign& sign : kRowOfSigns) {
    marks.push_back(sign_mark(sign, x, y + kSigns));
    marks.push_back(text_mark(constant(x + sign.place + 11), y + kSigns, sign.words, "theme_ink"));
  }
  marks.push_back(
      text_mark(constant(x), y + kBarTitle, clean_text(value) + ", where the ground's colour changes", "theme_muted"));
  std::size_t longest = 1;
  for (const std::string& level : levels) longest = std::max(longest, level.size());
  const std::string box = fmt::format("min({}, ({}) / {})", kWidestBox, width, levels.size());
  const std::string left = fmt::format("{} + datum.i * {}", x, box);
  marks.push_back({{"type", "rect"},
                   {"from", {{"data", "bands"}}},
                   {"encode",
                    {{"update",
                      {{"x", signal(left)},
                       {"width", signal(box)},
                       {"y", constant(y + kBar)},
                       {"height", constant(kBarHeight)},
                       {"fill", {{"scale", "ground"}, {"field", "i"}}},
                       {"stroke", signal("theme_muted")},
                       {"strokeWidth", constant(0.5)},
                       {"tooltip", signal(Json(clean_text(value) + " ").dump() + " + datum.words")}}}}}});
  const std::string every = fmt::format("ceil({} / ({}))", kPixelsOfADigit * longest + kPixelsOfADigit, box);
  marks.push_back({{"type", "text"},
                   {"interactive", false},
                   {"from", {{"data", "bands"}}},
                   {"encode",
                    {{"update",
                      {{"x", signal(left)},
                       {"y", constant(y + kBar + kBarHeight + 3)},
                       {"align", constant("center")},
                       {"baseline", constant("top")},
                       {"fontSize", constant(11)},
                       {"text", signal("datum.i % " + every + " === 0 ? datum.from : ''")},
                       {"fill", signal("theme_muted")}}}}}});
  return marks;
}

}  // namespace slalom::landscape
