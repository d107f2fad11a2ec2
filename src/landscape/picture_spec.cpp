// SPDX-License-Identifier: Apache-2.0
// Writes the spec: data, signals that lay the panels out, scales, and the marks of a panel from back to front.
#include "landscape/picture_spec.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include <fmt/format.h>

#include "landscape/picture_legend.hpp"
#include "landscape/vega_value.hpp"
#include "landscape/way_points.hpp"
#include "report/html/spec.hpp"

namespace slalom::landscape {
namespace {

constexpr std::size_t kColors = 8;       ///< of the theme
constexpr std::int64_t kMostDots = 60;   ///< points of a way that have a dot each
constexpr int kLeft = 66, kRight = 12;   ///< of a panel: for the axis, and for a label's half
constexpr int kAbove = 46, kBelow = 50;  ///< for titles, and for the axis
constexpr int kBetween = 12;             ///< columns
constexpr int kHeaderTop = 22, kHeaderLine = 19;
constexpr int kLegendItem = 118, kLegendLine = 17;  ///< what a way takes in the list above a panel with several
constexpr double kTallest = 460.0;                  ///< a single panel, in pixels

/// To that many significant digits, so that pages stay small.
double short_number(double value, int digits = 6) {
  return std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr);
}

Json grid_data(const Grid& grid) {
  Json values = Json::array();
  for (const double value : grid.values) values.push_back(short_number(value, 4));
  return {{"name", "grid"},
          {"values", Json::array({{{"width", grid.n},
                                   {"height", grid.n},
                                   {"x1", grid.margin},
                                   {"y1", grid.margin},
                                   {"inner", grid.n - 2 * grid.margin},
                                   {"values", std::move(values)}}})}};
}

/// One row a point: panel, way in it, colour, step, places, value, whether it is outside, has a dot, and its words.
Json point_data(const Picture& picture, const Frame& frame) {
  Json rows = Json::array();
  std::size_t color = 0;
  for (std::size_t p = 0; p < picture.panels.size(); ++p) {
    const std::vector<Way>& ways = picture.panels[p].ways;
    for (std::size_t w = 0; w < ways.size(); ++w) {
      const DrawnWay way = drawn(ways[w], frame);
      const auto every = std::max<std::int64_t>(1, static_cast<std::int64_t>(way.points.size()) / kMostDots);
      for (std::size_t i = 0; i < way.points.size(); ++i) {
        const WayPoint& point = way.points[i];
        rows.push_back({{"p", p},
                        {"w", w},
                        {"c", color % kColors},
                        {"k", point.step},
                        {"x", short_number(point.line[0])},
                        {"y", short_number(point.line[1])},
                        {"ex", short_number(point.edge[0])},
                        {"ey", short_number(point.edge[1])},
                        {"v", short_number(point.value)},
                        {"o", point.outside},
                        {"d", static_cast<std::int64_t>(i) % every == 0},
                        {"t", words_of(point)}});
      }
      ++color;
    }
  }
  return {{"name", "points"}, {"values", std::move(rows)}};
}

Json minimum_data(const Surface& surface, const Frame& frame) {
  Json rows = Json::array();
  for (const Point& minimum : surface.minima) {
    if (!frame.x.contains(minimum[0]) || !frame.y.contains(minimum[1])) continue;
    rows.push_back({{"x", short_number(minimum[0])}, {"y", short_number(minimum[1])}});
  }
  return {{"name", "minima"}, {"values", std::move(rows)}};
}

Json data_of(const Surface& surface, const Ground& ground, const Picture& picture) {
  return Json::array(
      {grid_data(ground.grid),
       legend_data(ground.labels),
       {{"name", "contours"},
        {"source", "grid"},
        {"transform",
         Json::array({{{"type", "isocontour"},
                       {"thresholds", signal("levels")},
                       {"scale", {{"expr", "[pw / datum.inner, ph / datum.inner]"}}},
                       {"smooth", true}},
                      {{"type", "formula"}, {"as", "level"}, {"expr", "indexof(levels, datum.contour.value)"}}})}},
       minimum_data(surface, ground.frame),
       point_data(picture, ground.frame),
       {{"name", "shown"},
        {"source", "points"},
        {"transform", Json::array({{{"type", "filter"}, {"expr", "datum.k <= step"}},
                                   {{"type", "joinaggregate"},
                                    {"groupby", {"p", "w"}},
                                    {"fields", {"k"}},
                                    {"ops", {"max"}},
                                    {"as", {"top"}}}})}}});
}

Json signals_of(const Surface& surface, const Ground& ground, const Picture& picture, int top, bool alone) {
  const std::size_t n = picture.panels.size();
  const double aspect =
      surface.same_units ? std::clamp(ground.frame.y.width() / ground.frame.x.width(), 0.5, 1.0) : 0.62;
  const std::string columns =
      n == 1 ? "1" : fmt::format("width < 520 ? 1 : width < 860 || {} ? 2 : 3", n == 2 || n == 4 ? "true" : "false");
  Json titles = Json::array();
  std::size_t most = 1;  // ways in a panel
  for (const Panel& panel : picture.panels) {
    titles.push_back(panel.title);
    most = std::max(most, panel.ways.size());
  }
  const auto computed = [](const char* name, const std::string& update) {
    return Json{{"name", name}, {"update", update}};
  };
  return Json::array({{{"name", "step"}, {"value", last_step(picture)}},
                      {{"name", "levels"}, {"value", ground.levels}},
                      {{"name", "titles"}, {"value", std::move(titles)}},
                      {{"name", "many"}, {"value", most > 1}},
                      computed("cols", columns),
                      computed("cell", fmt::format("(width - {} - (cols - 1) * {}) / cols", kRight, kBetween)),
                      computed("pw", fmt::format("max(60, min(cell - {}, {:.1f}))", kLeft,
                                                 n == 1 && !alone ? kTallest / aspect : 1e4)),
                      computed("ph", fmt::format("pw * {:.4f}", aspect)),
                      computed("listed", fmt::format("max(1, floor(pw / {}))", kLegendItem)),
                      computed("lines", fmt::format("ceil({} / listed)", most)),
                      computed("above", fmt::format("{} + {} * (lines - 1)", kAbove, kLegendLine)),
                      {{"name", "top"}, {"value", top}},
                      computed("height", fmt::format("ceil(top + ceil({} / cols) * (ph + above + {}))", n, kBelow))});
}

Json scales_of(const Frame& frame, std::size_t n_levels) {
  const auto linear = [](const char* name, const Range& range, const char* pixels) {
    return Json{{"name", name},
                {"type", "linear"},
                {"zero", false},
                {"nice", false},
                {"domain", {range.low, range.high}},
                {"range", signal(pixels)}};
  };
  Json indices = Json::array();
  for (std::size_t i = 0; i < kColors; ++i) indices.push_back(i);
  // The darkest level stays well below the colour of ways: the scale goes on beyond it.
  const double last = std::max<double>(1.0, static_cast<double>(n_levels) - 1.0);
  return Json::array({linear("x", frame.x, "[0, pw]"),
                      linear("y", frame.y, "[ph, 0]"),
                      {{"name", "ground"},
                       {"type", "linear"},
                       {"domain", {0, last * 1.9}},
                       {"range", {signal("theme_surface"), signal("theme_muted")}}},
                      {{"name", "way"}, {"type", "ordinal"}, {"domain", std::move(indices)}, {"range", "category"}}});
}

Json contour_mark(const std::string& value) {
  return {{"type", "path"},
          {"from", {{"data", "contours"}}},
          {"encode",
           {{"update",
             {{"fill", {{"scale", "ground"}, {"field", "level"}}},
              {"stroke", signal("theme_surface")},
              {"strokeWidth", constant(0.6)},
              {"strokeOpacity", constant(0.7)},
              {"tooltip",
               signal(Json(report::html::clean_text(value) + " ").dump() + " + data('bands')[datum.level].words")}}}}},
          {"transform", Json::array({{{"type", "geopath"}, {"field", "datum.contour"}}})}};
}

Json minimum_mark() {
  return {{"type", "symbol"},
          {"from", {{"data", "minima"}}},
          {"encode",
           {{"update",
             {{"x", {{"scale", "x"}, {"field", "x"}}},
              {"y", {{"scale", "y"}, {"field", "y"}}},
              {"shape", constant("cross")},
              {"size", constant(130)},
              {"fill", signal("theme_ink")},
              {"stroke", signal("theme_surface")},
              {"strokeWidth", constant(1.5)},
              {"tooltip", constant("a known minimum")}}}}}};
}

/// The line of a way; `halo`: in the colour of the page below it, so that it stands out from any ground.
Json line_mark(bool halo) {
  return {{"type", "line"},
          {"interactive", false},
          {"from", {{"data", "of_way"}}},
          {"encode",
           {{"update",
             {{"x", {{"scale", "x"}, {"field", "x"}}},
              {"y", {{"scale", "y"}, {"field", "y"}}},
              {"stroke", halo ? signal("theme_surface") : Json{{"scale", "way"}, {"field", "c"}}},
              {"strokeWidth", constant(halo ? 4.5 : 1.8)},
              {"strokeOpacity", constant(halo ? 0.75 : 1.0)},
              {"strokeJoin", constant("round")},
              {"strokeCap", constant("round")}}}}}};
}

/// A ring at the start, a dot at steps, a large one where the way has come to; outside the frame a triangle on its edge.
Json point_mark() {
  return {{"type", "symbol"},
          {"from", {{"data", "of_way"}}},
          {"encode",
           {{"update",
             {{"x", {{"scale", "x"}, {"field", "ex"}}},
              {"y", {{"scale", "y"}, {"field", "ey"}}},
              {"shape", signal("datum.o ? 'triangle' : 'circle'")},
              {"size", signal("datum.k === datum.top ? 120 : datum.k === 0 ? 90 : datum.d ? 20 : 0")},
              {"fill", Json::array({{{"test", "datum.k === 0 && datum.top > 0"}, {"signal", "theme_surface"}},
                                    {{"scale", "way"}, {"field", "c"}}})},
              {"stroke", Json::array({{{"test", "datum.k === 0"}, {"scale", "way"}, {"field", "c"}},
                                      {{"signal", "theme_surface"}}})},
              {"strokeWidth", signal("datum.k === 0 ? 2.5 : datum.k === datum.top ? 1.8 : 0.6")},
              {"tooltip", {{"field", "t"}}}}}}}};
}

/// The number of a way at its start, where a panel has several.
Json number_mark() {
  return {{"type", "text"},
          {"interactive", false},
          {"from", {{"data", "of_way"}}},
          {"encode",
           {{"update",
             {{"x", {{"scale", "x"}, {"field", "ex"}}},
              {"y", {{"scale", "y"}, {"field", "ey"}}},
              {"dx", signal("scale('x', datum.ex) > pw - 24 ? -10 : 10")},
              {"dy", signal("scale('y', datum.ey) < 18 ? 12 : -9")},
              {"align", signal("scale('x', datum.ex) > pw - 24 ? 'right' : 'left'")},
              {"baseline", constant("middle")},
              {"fontWeight", constant(600)},
              {"text", signal("many && datum.k === 0 ? '' + (datum.w + 1) : ''")},
              {"fill", signal("theme_ink")}}}}}};
}

/// Above a panel with several ways: the number of each, in its colour, with its value.
Json list_marks() {
  const std::string x = fmt::format("(datum.w % listed) * {}", kLegendItem);
  const std::string y = fmt::format("-15 - {} * (lines - 1 - floor(datum.w / listed))", kLegendLine);
  const Json from = {{"data", "of_panel"}};
  const Json dot = {{"type", "symbol"},
                    {"interactive", false},
                    {"from", from},
                    {"encode",
                     {{"update",
                       {{"x", signal(x + " + 5")},
                        {"y", signal(y)},
                        {"size", signal("many && datum.k === datum.top ? 80 : 0")},
                        {"fill", {{"scale", "way"}, {"field", "c"}}}}}}}};
  const Json words = {{"type", "text"},
                      {"interactive", false},
                      {"from", from},
                      {"encode",
                       {{"update",
                         {{"x", signal(x + " + 15")},
                          {"y", signal(y)},
                          {"baseline", constant("middle")},
                          {"text", signal("many && datum.k === datum.top ? (datum.w + 1) + ': f = ' + " +
                                          report::html::number_expression("datum.v", 3) + " : ''")},
                          {"fill", signal("theme_ink")}}}}}};
  return Json::array({dot, words});
}

Json title_mark() {
  return {{"type", "text"},
          {"interactive", false},
          {"encode",
           {{"update",
             {{"y", signal(fmt::format("-28 - {} * (lines - 1)", kLegendLine))},
              {"text", signal("titles[parent.p] + (many ? ', step ' + step : '')")},
              {"fontWeight", constant(600)},
              {"fontSize", constant(13)},
              {"fill", signal("theme_ink")}}}}}};
}

Json subtitle_mark() {
  return {{"type", "text"},
          {"interactive", false},
          {"from", {{"data", "of_panel"}}},
          {"encode",
           {{"update",
             {{"y", constant(-11)},
              {"text", signal("many || datum.k !== datum.top ? '' : datum.t")},
              {"fill", signal("theme_muted")}}}}}};
}

Json panel_mark(const Surface& surface) {
  const auto axis = [](const char* orient, const std::string& title, const char* room, int extent) {
    return Json{{"orient", orient},
                {"scale", std::string(orient) == "left" ? "y" : "x"},
                {"title", report::html::clean_text(title)},
                {"grid", false},
                {"tickCount", signal(room)},
                {"labelOverlap", true},
                {"labelFlush", false},
                {"minExtent", extent},
                {"maxExtent", extent},
                {"titleLimit", signal(std::string(orient) == "left" ? "ph" : "pw")},
                {"encode", report::html::number_labels(std::string(orient) == "left" ? "y" : "x")}};
  };
  const Json size = {{"width", signal("pw")}, {"height", signal("ph")}};
  const Json plot = {
      {"type", "group"},
      {"clip", true},
      {"encode", {{"update", size}}},
      {"marks",
       Json::array({contour_mark(surface.value_name),
                    minimum_mark(),
                    {{"type", "group"},
                     {"from", {{"facet", {{"name", "of_way"}, {"data", "of_panel"}, {"groupby", {"w"}}}}}},
                     {"marks", Json::array({line_mark(true), line_mark(false), point_mark(), number_mark()})}}})}};
  Json marks = Json::array({plot, title_mark(), subtitle_mark()});
  for (const Json& mark : list_marks()) marks.push_back(mark);
  return {{"type", "group"},
          {"name", "panel"},
          {"from", {{"facet", {{"name", "of_panel"}, {"data", "shown"}, {"groupby", {"p"}}}}}},
          {"encode",
           {{"update",
             {{"x", signal(fmt::format("(datum.p % cols) * (cell + {}) + {}", kBetween, kLeft))},
              {"y", signal(fmt::format("top + floor(datum.p / cols) * (ph + above + {}) + above", kBelow))},
              {"width", signal("pw")},
              {"height", signal("ph")}}}}},
          {"axes", Json::array({axis("bottom", surface.x_name, "max(2, pw / 90)", 24),
                                axis("left", surface.y_name, "max(2, ph / 70)", 42)})},
          {"marks", std::move(marks)}};
}

/// What each way of each panel is called where there is nothing but words.
Json way_titles(const Picture& picture) {
  Json titles = Json::array();
  for (const Panel& panel : picture.panels) {
    Json row = Json::array();
    for (const Way& way : panel.ways) {
      row.push_back(panel.ways.size() > 1 ? panel.title + ", " + way.label : panel.title);
    }
    titles.push_back(std::move(row));
  }
  return titles;
}

Json header_mark(const std::string& line, int index, bool title) {
  return {{"type", "text"},
          {"interactive", false},
          {"encode",
           {{"update",
             {{"x", constant(kLeft)},
              {"y", constant(32 + kHeaderLine * index)},
              {"text", constant(line)},
              {"fontSize", constant(title ? 17 : 12)},
              {"fontWeight", constant(title ? 600 : 400)},
              {"fill", signal(title ? "theme_ink" : "theme_muted")}}}}}};
}

}  // namespace

std::int64_t last_step(const Picture& picture) {
  std::int64_t last = 0;
  for (const Panel& panel : picture.panels) {
    for (const Way& way : panel.ways) last = std::max(last, way.result.path.back().step);
  }
  return last;
}

Json picture_spec(const Surface& surface, const Ground& ground, const Picture& picture, const Header& header) {
  const auto n_titles = static_cast<int>(header.title.size()),
             n_lines = n_titles + static_cast<int>(header.text.size());
  const int legend = n_lines == 0 ? 0 : kHeaderTop + kHeaderLine * n_lines;
  Json marks = Json::array({panel_mark(surface)});
  for (int i = 0; i < n_lines; ++i) {
    const bool title = i < n_titles;
    marks.push_back(header_mark(
        title ? header.title[static_cast<std::size_t>(i)] : header.text[static_cast<std::size_t>(i - n_titles)], i,
        title));
  }
  const std::string room = fmt::format("width - {} - {}", kLeft, kRight);
  for (Json& mark : legend_marks(ground.labels, surface.value_name, kLeft, legend, room))
    marks.push_back(std::move(mark));
  // Every length follows from `width`: what a fit would add for axes could change with it, without end.
  return {{"$schema", "https://vega.github.io/schema/vega/v5.json"},
          {"autosize", "none"},
          {"width", 900},
          {"padding", 0},
          {"signals", signals_of(surface, ground, picture, legend + kLegendHeight, n_lines > 0)},
          {"data", data_of(surface, ground, picture)},
          {"scales", scales_of(ground.frame, ground.levels.size())},
          {"marks", std::move(marks)},
          {"usermeta", {{"read", {{"kind", "steps"}, {"data", "shown"}, {"titles", way_titles(picture)}}}}}};
}

}  // namespace slalom::landscape
