// SPDX-License-Identifier: Apache-2.0
// Specs of curves, and what thinning keeps.
#include "report/html/series_chart.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::report::html {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

std::vector<SeriesPoint> wave(std::size_t n) {
  std::vector<SeriesPoint> points;
  for (std::size_t i = 0; i < n; ++i) points.push_back({{static_cast<double>(i)}, std::sin(static_cast<double>(i))});
  return points;
}

SeriesChart two_panels() {
  return {.axes = {{"epoch", "epoch"}, {"seconds", "seconds"}},
          .panels = {{.title = "loss",
                      .series = {{.name = "training", .points = {{{1, 0.1}, 2.0}, {{2, 0.2}, kNan}}},
                                 {.name = "validation", .points = {{{1, 0.1}, 3.0}}, .dashed = true}},
                      .log_switch = true,
                      .smooth = true},
                     {.title = "rate", .series = {{.name = "learning rate", .points = {{{1, 0.1}, 0.5}}}}}},
          .events = {{{1, 0.1}, "1", "went back", true}}};
}

TEST(SeriesSpec, HoldsEveryPointWithAllItsPlaces) {
  const Json spec = series_spec(two_panels());
  const Json& values = spec.at("data").at(0).at("values");
  ASSERT_EQ(values.size(), 4U);
  EXPECT_EQ(values[0],
            Json({{"p", 0}, {"s", "training"}, {"k", 0}, {"y", 2.0}, {"d", true}, {"epoch", 1.0}, {"seconds", 0.1}}));
  EXPECT_TRUE(values[1].at("y").is_null());  // a gap
  EXPECT_EQ(values[3].at("p"), 1);
  EXPECT_EQ(spec.at("usermeta").at("read").at("titles").at("seconds"), "seconds");
}

TEST(SeriesSpec, LeavesColoursToTheTheme) {
  const std::string spec = series_spec(two_panels()).dump();
  EXPECT_EQ(spec.find("\"#"), std::string::npos) << spec;
}

TEST(SeriesSpec, NamesOnlyCurvesThatShareAPanelInTheLegend) {
  const Json spec = series_spec(two_panels());
  EXPECT_EQ(spec.at("legends").at(0).at("values"), Json({"training", "validation"}));
  SeriesChart one = two_panels();
  one.panels[0].series.pop_back();
  EXPECT_FALSE(series_spec(one).contains("legends"));
}

TEST(SeriesControls, AreThoseThatThePanelsUse) {
  const std::vector<Control> controls = series_controls(two_panels());
  ASSERT_EQ(controls.size(), 3U);
  EXPECT_EQ(controls[0].signal, "log");
  EXPECT_EQ(controls[1].signal, "smooth");
  EXPECT_EQ(controls[2].signal, "axis");
  const SeriesChart plain{.axes = {{"x", "x"}}, .panels = {{.title = "y", .series = {}}}};
  EXPECT_TRUE(series_controls(plain).empty());
}

TEST(Thinned, LeavesShortCurvesAlone) { EXPECT_EQ(thinned(wave(100), 100).size(), 100U); }

TEST(Thinned, KeepsTheEndsAndTheExtremes) {
  std::vector<SeriesPoint> points = wave(100000);
  points[12345].y = 7.0;
  points[77777].y = -7.0;
  points[500].y = kNan;
  const std::vector<SeriesPoint> few = thinned(points, 1000);
  EXPECT_LE(few.size(), 1000U);
  EXPECT_GE(few.size(), 500U);
  EXPECT_EQ(few.front().x, points.front().x);
  EXPECT_EQ(few.back().x, points.back().x);
  const auto has = [&](double y) {
    return std::any_of(few.begin(), few.end(), [&](const SeriesPoint& point) { return point.y == y; });
  };
  EXPECT_TRUE(has(7.0));
  EXPECT_TRUE(has(-7.0));
  EXPECT_TRUE(std::is_sorted(few.begin(), few.end(),
                             [](const SeriesPoint& a, const SeriesPoint& b) { return a.x[0] < b.x[0]; }));
}

TEST(Thinned, KeepsCurvesWithoutValues) {
  std::vector<SeriesPoint> points = wave(1000);
  for (SeriesPoint& point : points) point.y = kNan;
  EXPECT_EQ(thinned(points, 100).back().x, points.back().x);
}

}  // namespace
}  // namespace slalom::report::html
