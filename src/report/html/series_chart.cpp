// SPDX-License-Identifier: Apache-2.0
// Writes curves as a Vega spec: one data set, a scale for the axis, a group for each panel.
#include "report/html/series_chart.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "report/html/spec.hpp"

namespace slalom::report::html {
namespace {

constexpr std::size_t kFewPoints = 40;  ///< that many have symbols
constexpr double kGap = 26.0;           ///< between panels
constexpr int kLogPadding = 8;  ///< pixels beyond the points on a logarithmic axis, which is not widened to decades

bool any(const SeriesChart& chart, bool Panel::*what) {
  return std::any_of(chart.panels.begin(), chart.panels.end(), [&](const Panel& panel) { return panel.*what; });
}

/// As the live line of a terminal draws: logarithmic over a decade or more, if nothing is left out by that.
bool begins_logarithmic(const SeriesChart& chart) {
  double low = std::numeric_limits<double>::infinity(), high = 0.0;
  for (const Panel& panel : chart.panels) {
    if (!panel.log_switch) continue;
    for (const Series& series : panel.series) {
      for (const SeriesPoint& point : series.points) {
        if (!std::isfinite(point.y)) continue;
        low = std::min(low, point.y);
        high = std::max(high, point.y);
      }
    }
  }
  return low > 0.0 && high >= 10.0 * low;
}

Json points_of(const SeriesChart& chart) {
  Json rows = Json::array();
  for (std::size_t p = 0; p < chart.panels.size(); ++p) {
    for (const Series& series : chart.panels[p].series) {
      const bool dotted = series.dots || series.points.size() <= kFewPoints;
      for (const SeriesPoint& point : series.points) {
        Json row = {{"p", p}, {"s", clean_text(series.name)}, {"k", point.piece}, {"y", number(point.y)}};
        if (dotted) row["d"] = true;
        for (std::size_t i = 0; i < chart.axes.size(); ++i) row[chart.axes[i].field] = number(point.x.at(i));
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

Json events_of(const SeriesChart& chart) {
  Json rows = Json::array();
  for (const Event& event : chart.events) {
    Json row = {{"label", clean_text(event.label)}, {"text", clean_text(event.text)}, {"bad", event.bad}};
    for (std::size_t i = 0; i < chart.axes.size(); ++i) row[chart.axes[i].field] = number(event.x.at(i));
    rows.push_back(std::move(row));
  }
  return rows;
}

Json data_of(const SeriesChart& chart) {
  const Json x = {{"type", "formula"}, {"as", "x"}, {"expr", "datum[axis]"}};
  const Json smooth = {{"type", "window"},
                       {"groupby", {"p", "s", "k"}},
                       {"frame", {{{"signal", "-smooth"}}, {{"signal", "smooth"}}}},
                       {"ops", {"mean"}},
                       {"fields", {"y"}},
                       {"as", {"m"}}};
  // A point without a value stays a gap; the mean leaves it out by itself.
  const Json value = {{"type", "formula"}, {"as", "v"}, {"expr", "isValid(datum.y) && smooth > 0 ? datum.m : datum.y"}};
  const auto derived = [](const char* name, const std::string& filter) {
    return Json{{"name", name}, {"source", "points"}, {"transform", {{{"type", "filter"}, {"expr", filter}}}}};
  };
  Json data = Json::array({{{"name", "points"}, {"values", points_of(chart)}, {"transform", {x, smooth, value}}},
                           derived("drawn", "isValid(datum.v) && isValid(datum.x)")});
  data.push_back({{"name", "events"}, {"values", events_of(chart)}, {"transform", {x}}});
  for (std::size_t p = 0; p < chart.panels.size(); ++p) {
    data.push_back(derived(fmt::format("panel{}", p).c_str(), fmt::format("datum.p === {}", p)));
    data.push_back(derived(fmt::format("dots{}", p).c_str(), fmt::format("datum.p === {} && datum.d", p)));
    data.push_back(derived(fmt::format("positive{}", p).c_str(), fmt::format("datum.p === {} && datum.v > 0", p)));
  }
  return data;
}

std::vector<std::string> names_of(const SeriesChart& chart) {
  std::vector<std::string> names;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) names.push_back(clean_text(series.name));
  }
  return names;
}

Json scales_of(const SeriesChart& chart) {
  Json dashes = Json::array(), shapes = Json::array();
  constexpr std::array<const char*, 6> kShapes{"circle", "square", "triangle-up", "diamond", "cross", "triangle-down"};
  std::size_t i = 0;
  for (const Panel& panel : chart.panels) {
    for (const Series& series : panel.series) {
      dashes.push_back(series.dashed ? Json{5, 3} : Json{1, 0});
      shapes.push_back(kShapes[i++ % kShapes.size()]);
    }
  }
  const Json domain = {{"data", "drawn"}, {"field", "x"}};
  Json x = {{"name", "x"}, {"type", "linear"}, {"domain", domain}, {"range", "width"}, {"zero", false}};
  if (chart.axes[0].logarithmic) {
    x["type"] = "log";
    x["padding"] = 8;
  }
  if (chart.axes[0].low) x["domainMin"] = *chart.axes[0].low;
  if (chart.axes[0].high) x["domainMax"] = *chart.axes[0].high;
  const std::vector<std::string> names = names_of(chart);
  return Json::array({x,
                      {{"name", "color"}, {"type", "ordinal"}, {"domain", names}, {"range", "category"}},
                      {{"name", "dash"}, {"type", "ordinal"}, {"domain", names}, {"range", dashes}},
                      {{"name", "shape"}, {"type", "ordinal"}, {"domain", names}, {"range", shapes}}});
}

Json y_scale(const std::string& name, const char* type, const std::string& data, const Panel& panel) {
  const bool linear = std::string(type) == "linear";
  return {{"name", name},
          {"type", type},
          {"domain", {{"data", data}, {"field", "v"}}},
          {"range", {panel.height, 0}},
          {"zero", panel.from_zero && linear},
          {"nice", linear},
          {"padding", linear ? 0 : kLogPadding}};
}

/// The curves of a panel with their symbols. `y`: what a point's place follows from.
Json curves(std::size_t p, const Panel& panel, const std::string& y) {
  const Json color = {{"scale", "color"}, {"field", "s"}};
  const std::string defined = panel.log_switch    ? "isValid(datum.v) && (!log || datum.v > 0)"
                              : panel.logarithmic ? "isValid(datum.v) && datum.v > 0"
                                                  : "isValid(datum.v)";
  const Json place = {{"x", {{"scale", "x"}, {"field", "x"}}}, {"y", {{"signal", y}}}};
  Json line = place, dot = place;
  line.update(Json{{"stroke", color},
                   {"strokeDash", {{"scale", "dash"}, {"field", "s"}}},
                   {"strokeWidth", {{"value", 2}}},
                   {"strokeJoin", {{"value", "round"}}},
                   {"defined", {{"signal", defined}}}});
  dot.update(Json{{"fill", color}, {"shape", {{"scale", "shape"}, {"field", "s"}}}, {"size", {{"value", 36}}}});
  const std::string faceted = fmt::format("curve{}", p);
  Json marks = Json::array();
  marks.push_back(
      {{"type", "group"},
       {"from", {{"facet", {{"name", faceted}, {"data", fmt::format("panel{}", p)}, {"groupby", {"s", "k"}}}}}},
       {"marks",
        {{{"type", "line"}, {"from", {{"data", faceted}}}, {"interactive", false}, {"encode", {{"update", line}}}}}}});
  dot["opacity"] = {{"signal", defined + " ? 1 : 0"}};
  marks.push_back({{"type", "symbol"},
                   {"from", {{"data", fmt::format("dots{}", p)}}},
                   {"interactive", false},
                   {"encode", {{"update", dot}}}});
  return marks;
}

Json event_marks(const Panel& panel, bool with_labels) {
  const Json color = {{"signal", "datum.bad ? theme_bad : theme_accent"}};
  const Json x = {{"scale", "x"}, {"field", "x"}};
  Json marks = Json::array();
  marks.push_back({{"type", "rule"},
                   {"from", {{"data", "events"}}},
                   {"encode",
                    {{"update",
                      {{"x", x},
                       {"y", {{"value", 0}}},
                       {"y2", {{"value", panel.height}}},
                       {"stroke", color},
                       {"strokeWidth", {{"value", 1.5}}},
                       {"strokeDash", {{"value", {2, 2}}}},
                       {"tooltip", {{"field", "text"}}}}}}}});
  if (with_labels) {
    marks.push_back({{"type", "text"},
                     {"from", {{"data", "events"}}},
                     {"encode",
                      {{"update",
                        {{"x", x},
                         {"y", {{"value", -4}}},
                         {"align", {{"value", "center"}}},
                         {"baseline", {{"value", "bottom"}}},
                         {"fill", color},
                         {"text", {{"field", "label"}}},
                         {"tooltip", {{"field", "text"}}}}}}}});
  }
  return marks;
}

Json cursor_mark(const Panel& panel) {
  return {{"type", "rule"},
          {"interactive", false},
          {"encode",
           {{"update",
             {{"x", {{"signal", "isValid(place) ? scale('x', place) : 0"}}},
              {"y", {{"value", 0}}},
              {"y2", {{"value", panel.height}}},
              {"opacity", {{"signal", "isValid(place) ? 1 : 0"}}},
              {"stroke", {{"signal", "theme_muted"}}},
              {"strokeWidth", {{"value", 1}}}}}}}};
}

Json panel_group(const SeriesChart& chart, std::size_t p, double top) {
  const Panel& panel = chart.panels[p];
  const bool last = p + 1 == chart.panels.size();
  const std::string linear = fmt::format("y{}", p), logarithmic = fmt::format("ylog{}", p);
  const Json title = clean_text(panel.title);
  const AxisNumbers plain_numbers = panel.counts ? AxisNumbers::kCounts : AxisNumbers::kLinear;
  const AxisNumbers log_numbers = panel.counts ? AxisNumbers::kLogarithmicCounts : AxisNumbers::kLogarithmic;
  Json scales = Json::array(), axes = Json::array();
  std::string y = fmt::format("scale('{}', datum.v)", linear);
  if (panel.log_switch) {
    scales.push_back(y_scale(linear, "linear", fmt::format("panel{}", p), panel));
    scales.push_back(y_scale(logarithmic, "log", fmt::format("positive{}", p), panel));
    y = fmt::format("log ? scale('{}', datum.v) : scale('{}', datum.v)", logarithmic, linear);
    Json plain = value_axis(linear, title, plain_numbers), log_axis = value_axis(logarithmic, title, log_numbers);
    plain["values"] = {{"signal", "log ? [] : null"}};
    log_axis["values"] = {{"signal", "log ? null : []"}};
    log_axis["title"] = {{"signal", "log ? " + title.dump() + " : ''"}};
    plain["title"] = {{"signal", "log ? '' : " + title.dump()}};
    axes = {plain, log_axis};
  } else {
    scales.push_back(panel.logarithmic ? y_scale(linear, "log", fmt::format("positive{}", p), panel)
                                       : y_scale(linear, "linear", fmt::format("panel{}", p), panel));
    axes.push_back(value_axis(linear, title, panel.logarithmic ? log_numbers : plain_numbers));
  }
  Json bottom = {{"scale", "x"},         {"orient", "bottom"}, {"labels", last},
                 {"labelOverlap", true}, {"labelFlush", true}, {"tickCount", {{"signal", "max(2, ceil(width / 90))"}}}};
  const Axis& axis = chart.axes[0];
  bottom["encode"] =
      number_labels("x", axis.logarithmic && axis.ticks.empty() ? AxisNumbers::kLogarithmic : AxisNumbers::kLinear);
  if (axis.logarithmic) bottom["labelOverlap"] = "greedy";
  if (!axis.ticks.empty()) {
    bottom["values"] = axis.ticks;
    bottom.erase("tickCount");  // would leave some of them out
  }
  if (last) {
    std::string text = "''";
    for (const Axis& each : chart.axes) {
      text = fmt::format("axis === '{}' ? {} : {}", each.field, Json(each.title).dump(), text);
    }
    bottom["title"] = {{"signal", text}};
  }
  for (Json& vertical : axes) vertical["tickCount"] = std::max(2.0, std::floor(panel.height / 45.0));
  axes.push_back(bottom);
  Json marks = curves(p, panel, y);
  for (const Json& mark : event_marks(panel, p == 0)) marks.push_back(mark);
  marks.push_back(cursor_mark(panel));
  return {{"type", "group"},
          {"encode",
           {{"update",
             {{"y", {{"value", top}}}, {"width", {{"signal", "width"}}}, {"height", {{"value", panel.height}}}}}}},
          {"scales", scales},
          {"axes", axes},
          {"marks", marks}};
}

}  // namespace

Json series_spec(const SeriesChart& chart) {
  Json panels = Json::array();
  double top = chart.events.empty() ? 0.0 : 18.0;
  for (std::size_t p = 0; p < chart.panels.size(); ++p) {
    panels.push_back(panel_group(chart, p, top));
    top += chart.panels[p].height + kGap;
  }
  Json spec = empty_spec(top - kGap);
  spec["signals"] = {{{"name", "axis"}, {"value", chart.axes.at(0).field}},
                     {{"name", "log"}, {"value", begins_logarithmic(chart)}},
                     {{"name", "smooth"}, {"value", 0}},
                     {{"name", "place"}, {"value", nullptr}}};
  spec["data"] = data_of(chart);
  spec["scales"] = scales_of(chart);
  const std::vector<std::string> names = names_of(chart);
  if (names.size() > chart.panels.size()) {  // some panel has several curves
    std::size_t longest = 0;
    for (const std::string& name : names) longest = std::max(longest, name.size());
    Json legend = wide_legend("color", "stroke", longest);
    legend["strokeDash"] = "dash";
    legend["symbolType"] = "stroke";
    legend["symbolSize"] = 220;
    Json shown = Json::array();
    for (const Panel& panel : chart.panels) {
      if (panel.series.size() < 2) continue;
      for (const Series& series : panel.series) shown.push_back(clean_text(series.name));
    }
    legend["values"] = shown;
    spec["legends"] = Json::array({legend});
  }
  spec["marks"] = panels;
  Json titles = Json::object();
  for (const Axis& axis : chart.axes) titles[axis.field] = axis.title;
  spec["usermeta"] = {{"read", {{"kind", "curves"}, {"data", "drawn"}, {"titles", titles}}}};
  return spec;
}

std::vector<Control> series_controls(const SeriesChart& chart) {
  std::vector<Control> controls;
  if (any(chart, &Panel::log_switch)) {
    controls.push_back({.kind = Control::Kind::kToggle,
                        .signal = "log",
                        .label = "Logarithmic",
                        .value = begins_logarithmic(chart) ? 1.0 : 0.0});
  }
  if (any(chart, &Panel::smooth)) {
    controls.push_back({.kind = Control::Kind::kSlider,
                        .signal = "smooth",
                        .label = "Smoothing, points to each side",
                        .low = 0.0,
                        .high = 25.0});
  }
  if (chart.axes.size() > 1) {
    Control choice{.kind = Control::Kind::kChoice, .signal = "axis", .label = "Against"};
    for (const Axis& axis : chart.axes) choice.choices.emplace_back(axis.field, axis.title);
    controls.push_back(std::move(choice));
  }
  return controls;
}

Chart series_chart(Chart chart, const SeriesChart& curves) {
  chart.spec = series_spec(curves);
  chart.controls = series_controls(curves);
  return chart;
}

}  // namespace slalom::report::html
