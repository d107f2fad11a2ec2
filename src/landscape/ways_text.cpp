// SPDX-License-Identifier: Apache-2.0
// Formats ways as text and as JSON.
#include "landscape/ways_text.hpp"

#include <fmt/format.h>

#include "report/json_number.hpp"
#include "text/table.hpp"

namespace slalom::landscape {
namespace {

using Json = nlohmann::ordered_json;
using report::json_number;

Json point_json(const PathPoint& point) {
  return {{"step", point.step},
          {"x", json_number(point.x[0])},
          {"y", json_number(point.x[1])},
          {"value", json_number(point.value)},
          {"gradient_norm", json_number(point.gradient_norm)},
          {"learning_rate", json_number(point.learning_rate)}};
}

Json way_json(const Way& way) {
  Json path = Json::array();
  for (const PathPoint& point : way.result.path) path.push_back(point_json(point));
  Json json = {{"label", way.label},
               {"optimizer", name_of(way.optimizer.kind)},
               {"learning_rate", way.optimizer.learning_rate},
               {"steps", way.result.steps},
               {"ended", reason_text(way.result)}};
  if (!way.result.divergence.empty()) json["divergence"] = way.result.divergence;
  json["end"] = point_json(way.result.end);
  json["path"] = std::move(path);
  return json;
}

}  // namespace

std::string landscape_table(const Surface& surface, const std::vector<Picture>& pictures, const text::Style& style) {
  using enum text::ColumnKind;
  std::string text = text::printable(surface.title + ": " + surface.formula, style.charset) + "\n";
  for (const Picture& picture : pictures) {
    text::TextTable table({kName, kNumber, kNumber, kNumber, kNumber, kNumber, kNote});
    table.heading({"optimizer", "learning rate", "start", "steps", "end", "f there", "ended"});
    for (const Panel& panel : picture.panels) {
      for (const Way& way : panel.ways) {
        const PathPoint& end = way.result.end;
        table.add({std::string(name_of(way.optimizer.kind)), fmt::format("{:.6g}", way.optimizer.learning_rate),
                   fmt::format("({:.4g}, {:.4g})", way.start[0], way.start[1]), std::to_string(way.result.steps),
                   fmt::format("({:.6g}, {:.6g})", end.x[0], end.x[1]), fmt::format("{:.6g}", end.value),
                   reason_text(way.result)});
      }
    }
    text += "\n" + style.paint(text::Tone::kHeading, text::printable(picture.title, style.charset)) + "\n";
    text += table.text(style);
  }
  return text;
}

std::string landscape_json(const Surface& surface, const std::vector<Picture>& pictures) {
  Json minima = Json::array();
  for (const Point& minimum : surface.minima) minima.push_back({minimum[0], minimum[1]});
  Json shown = Json::array();
  for (const Picture& picture : pictures) {
    Json panels = Json::array();
    for (const Panel& panel : picture.panels) {
      Json ways = Json::array();
      for (const Way& way : panel.ways) ways.push_back(way_json(way));
      panels.push_back({{"title", panel.title}, {"ways", std::move(ways)}});
    }
    shown.push_back({{"id", picture.id}, {"title", picture.title}, {"panels", std::move(panels)}});
  }
  const Json json = {{"surface",
                      {{"name", surface.name},
                       {"formula", surface.formula},
                       {"x_name", surface.x_name},
                       {"y_name", surface.y_name},
                       {"minima", std::move(minima)}}},
                     {"pictures", std::move(shown)}};
  return json.dump();
}

}  // namespace slalom::landscape
