// SPDX-License-Identifier: Apache-2.0
// Derives style rules and the configuration of charts from the palettes.
#include "report/html/theme.hpp"

#include <fmt/format.h>

#include "report/html/asset.hpp"

namespace slalom::report::html {
namespace {

constexpr const char* kChartFont =
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', Arial, sans-serif";

Json palette_of(Scheme scheme) {
  return Json::parse(asset("theme.json")).at(scheme == Scheme::kLight ? "light" : "dark");
}

std::string properties(const Json& palette) {
  std::string text;
  for (const auto& [name, value] : palette.items()) {
    if (value.is_string()) {
      text += fmt::format("--{}:{};", name, value.get<std::string>());
      continue;
    }
    for (std::size_t i = 0; i < value.size(); ++i) {
      text += fmt::format("--{}-{}:{};", name, i + 1, value[i].get<std::string>());
    }
  }
  return text;
}

}  // namespace

std::string theme_css() {
  return fmt::format(
      ":root{{color-scheme:light dark;{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
      properties(palette_of(Scheme::kLight)), properties(palette_of(Scheme::kDark)));
}

Json chart_config(Scheme scheme) {
  const Json palette = palette_of(scheme);
  Json signals = Json::array();
  for (const char* name : {"surface", "ink", "muted", "grid", "accent", "bad", "good"}) {
    signals.push_back({{"name", std::string("theme_") + name}, {"value", palette.at(name)}});
  }
  const Json &ink = palette.at("ink"), &muted = palette.at("muted"), &line = palette.at("line");
  return {
      {"background", nullptr},
      {"signals", signals},
      {"range", {{"category", palette.at("series")}, {"ramp", palette.at("ramp")}, {"heatmap", palette.at("ramp")}}},
      {"axis",
       {{"domainColor", line},
        {"tickColor", line},
        {"gridColor", palette.at("grid")},
        {"labelColor", muted},
        {"labelFont", kChartFont},
        {"labelFontSize", 12},
        {"labelPadding", 5},
        {"titleColor", ink},
        {"titleFont", kChartFont},
        {"titleFontSize", 12},
        {"titleFontWeight", 500},
        {"titlePadding", 8},
        {"tickSize", 4}}},
      {"legend",
       {{"labelColor", ink},
        {"labelFont", kChartFont},
        {"labelFontSize", 12},
        {"labelLimit", 180},
        {"titleColor", muted},
        {"titleFont", kChartFont},
        {"titleFontSize", 12},
        {"titleFontWeight", 500},
        {"symbolStrokeWidth", 2}}},
      {"title", {{"color", ink}, {"font", kChartFont}, {"fontSize", 13}, {"fontWeight", 600}, {"anchor", "start"}}},
      {"text", {{"fill", ink}, {"font", kChartFont}, {"fontSize", 12}}},
      {"style", {{"cell", {{"stroke", nullptr}}}}}};
}

}  // namespace slalom::report::html
