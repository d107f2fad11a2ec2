// SPDX-License-Identifier: Apache-2.0
// Writes points, bars, histograms and matrices as Vega specs.
#include "report/html/charts.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "report/html/spec.hpp"

namespace slalom::report::html {
namespace {

/// The groups' rows and those of the group that is shown.
Json grouped_data(Json rows) {
  return Json::array(
      {{{"name", "all"}, {"values", std::move(rows)}},
       {{"name", "shown"}, {"source", "all"}, {"transform", {{{"type", "filter"}, {"expr", "datum.g === +group"}}}}}});
}

Json group_signal() { return {{"name", "group"}, {"value", "0"}}; }

Json bottom_axis(const std::string& title) {
  return {{"scale", "x"},
          {"orient", "bottom"},
          {"title", clean_text(title)},
          {"labelOverlap", true},
          {"labelFlush", true},
          {"encode", number_labels("x")},
          {"tickCount", {{"signal", "max(2, ceil(width / 90))"}}}};
}

Json scale(const char* name, const Json& domain, const Json& range, bool zero) {
  return {{"name", name}, {"type", "linear"}, {"domain", domain}, {"range", range}, {"zero", zero}, {"nice", true}};
}

/// Lets keys go over the items of a mark, from left to right or row after row (reading.js).
void read_items(Json& spec, const char* mark, const char* by) {
  spec["usermeta"] = {{"read", {{"kind", "items"}, {"mark", mark}, {"by", by}}}};
}

}  // namespace

Json scatter_spec(const std::vector<ScatterGroup>& groups, const std::string& x_title, const std::string& y_title) {
  Json rows = Json::array();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (const auto& [x, y] : groups[g].points) {
      if (std::isfinite(x) && std::isfinite(y)) rows.push_back({{"g", g}, {"x", x}, {"y", y}});
    }
  }
  Json spec = empty_spec(320);
  spec["signals"] = Json::array({group_signal()});
  spec["data"] = grouped_data(std::move(rows));
  const Json both = {{"data", "shown"}, {"fields", {"x", "y"}}};
  spec["scales"] = {scale("x", both, "width", false), scale("y", both, "height", false)};
  spec["axes"] = {value_axis("y", clean_text(y_title)), bottom_axis(x_title)};
  const Json same = {{"x", {{"signal", "range('x')[0]"}}},
                     {"x2", {{"signal", "range('x')[1]"}}},
                     {"y", {{"signal", "scale('y', domain('x')[0])"}}},
                     {"y2", {{"signal", "scale('y', domain('x')[1])"}}},
                     {"stroke", {{"signal", "theme_muted"}}},
                     {"strokeDash", {{"value", {4, 4}}}}};
  const Json point = {{"x", {{"scale", "x"}, {"field", "x"}}},
                      {"y", {{"scale", "y"}, {"field", "y"}}},
                      {"size", {{"value", 26}}},
                      {"fill", {{"signal", "theme_accent"}}},
                      {"fillOpacity", {{"value", 0.45}}},
                      {"tooltip",
                       {{"signal", fmt::format("{{'actual': {}, 'predicted': {}}}", number_expression("datum.x"),
                                               number_expression("datum.y"))}}}};
  spec["marks"] = Json::array(
      {{{"type", "rule"}, {"interactive", false}, {"encode", {{"update", same}}}},
       {{"type", "symbol"}, {"name", "point"}, {"from", {{"data", "shown"}}}, {"encode", {{"update", point}}}}});
  read_items(spec, "point", "x");
  return spec;
}

Json histogram_spec(const std::vector<HistogramGroup>& groups, const std::string& x_title, const std::string& y_title) {
  Json rows = Json::array();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const HistogramGroup& group = groups[g];
    // All values the same: a bar of any width stands for them.
    const double width = group.width > 0.0 ? group.width : std::max(std::fabs(group.low) * 1e-3, 1e-3);
    const double low = group.width > 0.0 ? group.low : group.low - width / 2.0;
    for (std::size_t i = 0; i < group.counts.size(); ++i) {
      const double begin = low + static_cast<double>(i) * width;
      if (!std::isfinite(begin)) continue;
      rows.push_back({{"g", g}, {"x", begin}, {"x2", begin + width}, {"n", number(group.counts[i])}});
    }
  }
  Json spec = empty_spec(320);
  spec["signals"] = Json::array({group_signal()});
  spec["data"] = grouped_data(std::move(rows));
  spec["scales"] = {scale("x", {{"data", "shown"}, {"fields", {"x", "x2"}}}, "width", false),
                    scale("y", {{"data", "shown"}, {"field", "n"}}, "height", true)};
  spec["scales"][0]["nice"] = false;
  spec["axes"] = {value_axis("y", clean_text(y_title)), bottom_axis(x_title)};
  const Json bar = {{"x", {{"scale", "x"}, {"field", "x"}, {"offset", 0.5}}},
                    {"x2", {{"scale", "x"}, {"field", "x2"}, {"offset", -0.5}}},
                    {"y", {{"scale", "y"}, {"field", "n"}}},
                    {"y2", {{"scale", "y"}, {"value", 0}}},
                    {"fill", {{"signal", "theme_accent"}}},
                    {"tooltip",
                     {{"signal", fmt::format("{{'from': {}, 'to': {}, 'rows': datum.n}}",
                                             number_expression("datum.x", 4), number_expression("datum.x2", 4))}}}};
  const Json zero = {
      {"x", {{"signal", "scale('x', 0)"}}},  {"y", {{"value", 0}}},
      {"y2", {{"signal", "height"}}},        {"opacity", {{"signal", "inrange(0, domain('x')) ? 1 : 0"}}},
      {"stroke", {{"signal", "theme_ink"}}}, {"strokeDash", {{"value", {4, 4}}}}};
  spec["marks"] =
      Json::array({{{"type", "rect"}, {"name", "bar"}, {"from", {{"data", "shown"}}}, {"encode", {{"update", bar}}}},
                   {{"type", "rule"}, {"interactive", false}, {"encode", {{"update", zero}}}}});
  read_items(spec, "bar", "x");
  return spec;
}

Json bar_spec(const std::vector<BarGroup>& groups, const std::string& a_title, const std::string& b_title) {
  Json rows = Json::array();
  std::size_t most = 1;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    most = std::max(most, groups[g].bars.size());
    for (const BarGroup::Bar& bar : groups[g].bars) {
      rows.push_back({{"g", g}, {"name", clean_text(bar.name)}, {"a", number(bar.a)}, {"b", number(bar.b)}});
    }
  }
  Json spec = empty_spec(22.0 * static_cast<double>(most));
  spec["signals"] = {group_signal(), {{"name", "measure"}, {"value", "a"}}};
  Json data = grouped_data(std::move(rows));
  data[1]["transform"].push_back({{"type", "formula"}, {"as", "v"}, {"expr", "datum[measure] || 0"}});
  data[1]["transform"].push_back({{"type", "formula"}, {"as", "rank"}, {"expr", "-abs(datum.v)"}});
  spec["data"] = data;
  spec["scales"] =
      Json::array({scale("x", {{"data", "shown"}, {"field", "v"}}, "width", true),
                   {{"name", "y"},
                    {"type", "band"},
                    {"domain", {{"data", "shown"}, {"field", "name"}, {"sort", {{"field", "rank"}, {"op", "min"}}}}},
                    {"range", "height"},
                    {"padding", 0.25}}});
  Json bottom = bottom_axis("");
  bottom["title"] = {{"signal", "measure === 'a' ? " + Json(a_title).dump() + " : " + Json(b_title).dump()}};
  bottom["grid"] = true;
  bottom["domain"] = false;
  spec["axes"] = {{{"scale", "y"}, {"orient", "left"}, {"domain", false}, {"ticks", false}, {"labelLimit", 160}},
                  bottom};
  const Json bar = {
      {"x", {{"scale", "x"}, {"field", "v"}}},
      {"x2", {{"scale", "x"}, {"value", 0}}},
      {"y", {{"scale", "y"}, {"field", "name"}}},
      {"height", {{"scale", "y"}, {"band", 1}}},
      {"cornerRadius", {{"value", 2}}},
      {"fill", {{"scale", "sign"}, {"signal", "datum.v < 0 ? 'negative' : 'positive'"}}},
      {"tooltip", {{"signal", fmt::format("{{'feature': datum.name, 'value': {}}}", number_expression("datum.v"))}}}};
  spec["scales"].push_back(
      {{"name", "sign"}, {"type", "ordinal"}, {"domain", {"positive", "negative"}}, {"range", "category"}});
  const Json zero = {{"x", {{"scale", "x"}, {"value", 0}}},
                     {"y", {{"value", 0}}},
                     {"y2", {{"signal", "height"}}},
                     {"stroke", {{"signal", "theme_muted"}}}};
  spec["marks"] =
      Json::array({{{"type", "rect"}, {"name", "bar"}, {"from", {{"data", "shown"}}}, {"encode", {{"update", bar}}}},
                   {{"type", "rule"}, {"interactive", false}, {"encode", {{"update", zero}}}}});
  read_items(spec, "bar", "y");
  return spec;
}

Json matrix_spec(const Matrix& matrix) {
  Json rows = Json::array();
  for (std::size_t i = 0; i < matrix.counts.size(); ++i) {
    double sum = 0.0;
    for (const double count : matrix.counts[i]) sum += count;
    for (std::size_t j = 0; j < matrix.counts[i].size(); ++j) {
      const double count = matrix.counts[i][j];
      rows.push_back({{"i", i},
                      {"j", j},
                      {"actual", clean_text(matrix.classes.at(i))},
                      {"predicted", clean_text(matrix.classes.at(j))},
                      {"n", number(count)},
                      {"share", sum > 0.0 ? number(count / sum) : Json(0.0)}});
    }
  }
  const auto k = static_cast<double>(matrix.classes.size());
  Json spec = empty_spec(std::clamp(48.0 * k, 220.0, 520.0));
  spec["data"] = Json::array({{{"name", "cells"}, {"values", std::move(rows)}}});
  Json order = Json::array(), names = Json::array();
  for (std::size_t i = 0; i < matrix.classes.size(); ++i) {
    order.push_back(i);
    names.push_back(clean_text(matrix.classes[i]));
  }
  spec["signals"] = Json::array({{{"name", "names"}, {"value", names}}});
  const auto band = [&](const char* name, const char* range) {
    return Json{{"name", name}, {"type", "band"}, {"domain", order}, {"range", range}, {"padding", 0.04}};
  };
  spec["scales"] = Json::array({band("x", "width"),
                                band("y", "height"),
                                {{"name", "color"}, {"type", "linear"}, {"domain", {0, 1}}, {"range", "ramp"}}});
  const Json label = {{"labels", {{"update", {{"text", {{"signal", "names[datum.value]"}}}}}}}};
  const auto axis = [&](const char* of, const char* orient, const char* title) {
    return Json{{"scale", of},    {"orient", orient},  {"title", title},  {"domain", false},
                {"ticks", false}, {"labelLimit", 110}, {"encode", label}, {"labelOverlap", true}};
  };
  spec["axes"] = {axis("y", "left", "actual"), axis("x", "bottom", "predicted")};
  const Json cell = {{"x", {{"scale", "x"}, {"field", "j"}}},
                     {"y", {{"scale", "y"}, {"field", "i"}}},
                     {"width", {{"scale", "x"}, {"band", 1}}},
                     {"height", {{"scale", "y"}, {"band", 1}}},
                     {"fill", {{"scale", "color"}, {"field", "share"}}},
                     {"stroke", {{"signal", "theme_grid"}}},
                     {"tooltip",
                      {{"signal",
                        "{'actual': datum.actual, 'predicted': datum.predicted, 'rows': datum.n, "
                        "'share of the row': format(datum.share, '.1%')}"}}}};
  const Json text = {
      {"x", {{"scale", "x"}, {"field", "j"}, {"band", 0.5}}},
      {"y", {{"scale", "y"}, {"field", "i"}, {"band", 0.5}}},
      {"align", {{"value", "center"}}},
      {"baseline", {{"value", "middle"}}},
      {"fill", {{"signal", "contrast(scale('color', datum.share), theme_ink) > 4.5 ? theme_ink : theme_surface"}}},
      {"text", {{"signal", "format(datum.n, ',')"}}}};
  spec["marks"] = Json::array(
      {{{"type", "rect"}, {"name", "cell"}, {"from", {{"data", "cells"}}}, {"encode", {{"update", cell}}}},
       {{"type", "text"}, {"from", {{"data", "cells"}}}, {"interactive", false}, {"encode", {{"update", text}}}}});
  read_items(spec, "cell", "y");
  return spec;
}

std::vector<Control> group_controls(const std::string& label, const std::vector<std::string>& names) {
  if (names.size() < 2) return {};
  Control control{.kind = Control::Kind::kChoice, .signal = "group", .label = label};
  for (std::size_t i = 0; i < names.size(); ++i) control.choices.emplace_back(std::to_string(i), names[i]);
  return {control};
}

}  // namespace slalom::report::html
