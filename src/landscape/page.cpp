// SPDX-License-Identifier: Apache-2.0
// Puts the page together.
#include "landscape/page.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "landscape/ground.hpp"
#include "landscape/picture_spec.hpp"
#include "landscape/way_points.hpp"
#include "report/html/series_chart.hpp"

namespace slalom::landscape {
namespace {

namespace html = report::html;

std::string pair_text(double x, double y) { return fmt::format("({:.6g}, {:.6g})", x, y); }

/// What the colours of the ground stand for.
html::TextTable level_table(const Surface& surface, const std::vector<std::string>& labels) {
  html::TextTable table{.caption = "Colours of the ground, from the page's colour on",
                        .columns = {{"colour", true}, {surface.value_name}},
                        .rows = {}};
  for (std::size_t i = 0; i < labels.size(); ++i) table.rows.push_back({std::to_string(i + 1), band_text(labels, i)});
  return table;
}

html::Chart picture_chart(const Surface& surface, const Ground& ground, const Picture& picture) {
  html::Chart chart{.id = picture.id,
                    .title = picture.title + ": over the contours",
                    .description = picture.description,
                    .spec = picture_spec(surface, ground, picture)};
  const std::int64_t last = last_step(picture);
  if (last > 0) {
    chart.controls.push_back({.kind = html::Control::Kind::kSlider,
                              .signal = "step",
                              .label = "Step",
                              .low = 0.0,
                              .high = static_cast<double>(last),
                              .step = 1.0,
                              .value = static_cast<double>(last),
                              .play = true});
  }
  chart.notes.push_back(fmt::format(
      "The lower the ground, the nearer its colour to the page's. Contours are where {} is {}{}.", surface.value_name,
      fmt::join(ground.labels, ", "), surface.log_levels ? ": their steps grow by about a constant factor" : ""));
  for (std::string& note : notes_of(picture, ground.frame)) chart.notes.push_back(std::move(note));
  chart.table = way_table(surface, picture);
  chart.legend = level_table(surface, ground.labels);
  return chart;
}

/// f after every step, one curve a way.
html::Chart value_chart(const Surface& surface, const Picture& picture) {
  html::Panel panel{.title = surface.value_name, .series = {}, .height = 200.0, .log_switch = true};
  bool any_positive = false;
  html::TextTable table{.caption = picture.title + ": value by step", .columns = {{"step", true}}, .rows = {}};
  std::vector<const Way*> ways;
  for (const Panel& part : picture.panels) {
    for (const Way& way : part.ways) ways.push_back(&way);
  }
  std::size_t longest = 0;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    const std::vector<PathPoint>& path = ways[i]->result.path;
    longest = std::max(longest, path.size());
    const bool twice = std::any_of(
        ways.begin(), ways.end(), [&](const Way* other) { return other != ways[i] && other->label == ways[i]->label; });
    html::Series series{.name = twice ? fmt::format("{} ({})", ways[i]->label, i + 1) : ways[i]->label, .points = {}};
    for (const PathPoint& point : path) {
      series.points.push_back({.x = {static_cast<double>(point.step)}, .y = point.value});
      panel.log_switch = panel.log_switch && point.value >= 0.0;
      any_positive = any_positive || point.value > 0.0;
    }
    series.points = html::thinned(series.points, 600);
    table.columns.push_back({series.name, true});
    panel.series.push_back(std::move(series));
  }
  panel.log_switch = panel.log_switch && any_positive;
  constexpr std::size_t kMostRows = 50;
  const std::size_t stride = std::max<std::size_t>(1, (longest + kMostRows - 1) / kMostRows);
  for (std::size_t k = 0; k < longest; k += stride) {
    std::vector<std::string> row{std::to_string(k)};
    for (const Way* way : ways) {
      const auto& path = way->result.path;
      row.push_back(k < path.size() ? fmt::format("{:.6g}", path[k].value) : "");
    }
    table.rows.push_back(std::move(row));
  }
  if (stride > 1) table.note = fmt::format("Every {}th step.", stride);
  const html::SeriesChart chart{.axes = {{.field = "step", .title = "step"}}, .panels = {std::move(panel)}};
  return {.id = picture.id + "-values",
          .title = picture.title + ": the value by step",
          .description = surface.value_name + " after every step, one curve a descent.",
          .spec = series_spec(chart),
          .controls = series_controls(chart),
          .table = std::move(table)};
}

}  // namespace

html::TextTable way_table(const Surface& surface, const Picture& picture) {
  html::TextTable table{.caption = picture.title + ": where the descents end",
                        .columns = {{"descent", false},
                                    {"learning rate", true},
                                    {"start", true},
                                    {"steps", true},
                                    {"end", true},
                                    {"f there", true},
                                    {"gradient norm", true},
                                    {"ended", false}},
                        .rows = {},
                        .note = fmt::format("Start and end: ({}, {}).", surface.x_name, surface.y_name)};
  for (const Panel& panel : picture.panels) {
    for (std::size_t i = 0; i < panel.ways.size(); ++i) {
      const Way& way = panel.ways[i];
      const PathPoint& end = way.result.end;
      const std::string name(name_of(way.optimizer.kind));
      table.rows.push_back({panel.ways.size() > 1 ? fmt::format("{}: {}", i + 1, name) : name,
                            fmt::format("{:.6g}", way.optimizer.learning_rate), pair_text(way.start[0], way.start[1]),
                            std::to_string(way.result.steps), pair_text(end.x[0], end.x[1]),
                            fmt::format("{:.6g}", end.value), fmt::format("{:.3g}", end.gradient_norm),
                            reason_text(way.result)});
    }
  }
  return table;
}

html::Page landscape_page(const Surface& surface, const std::vector<Picture>& pictures, const std::string& command) {
  html::Page page(surface.title, surface.formula);
  const Ground ground = ground_of(surface, pictures);
  for (const Picture& picture : pictures) {
    html::Section section{.id = "picture-" + picture.id, .title = picture.title};
    section.blocks.push_back(picture_chart(surface, ground, picture));
    if (last_step(picture) > 0) section.blocks.push_back(value_chart(surface, picture));
    page.add(std::move(section));
  }
  html::Section made{.id = "made", .title = "How this was made"};
  made.blocks.push_back(html::Paragraph{surface.about});
  made.blocks.push_back(
      html::Paragraph{"Every descent was really done, by slalom's own optimizers from value and gradient, in float64 "
                      "and without the guard "
                      "that training has: one that diverges is shown as it is."});
  made.blocks.push_back(html::Preformatted{command});
  page.add(std::move(made));
  return page;
}

}  // namespace slalom::landscape
