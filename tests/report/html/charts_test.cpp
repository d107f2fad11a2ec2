// SPDX-License-Identifier: Apache-2.0
// Specs of points, bars, histograms and matrices: their data, and no colours of their own.
#include "report/html/charts.hpp"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::report::html {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const Json& values(const Json& spec) { return spec.at("data").at(0).at("values"); }

TEST(ScatterSpec, LeavesOutWhatIsNotFinite) {
  const Json spec = scatter_spec({{"a", {{1, 2}, {kNan, 2}, {1, kInfinity}}}, {"b", {{3, 4}}}}, "x", "y");
  EXPECT_EQ(values(spec), Json::parse(R"([{"g":0,"x":1.0,"y":2.0},{"g":1,"x":3.0,"y":4.0}])"));
}

TEST(HistogramSpec, PutsEqualValuesIntoABarAroundThem) {
  const Json one = values(histogram_spec({{"a", 5.0, 0.0, {7}}}, "x", "y"));
  ASSERT_EQ(one.size(), 1U);
  EXPECT_LT(one[0].at("x"), 5.0);
  EXPECT_GT(one[0].at("x2"), 5.0);
  const Json two = values(histogram_spec({{"a", 1.0, 0.5, {7, 8}}}, "x", "y"));
  EXPECT_EQ(two[1], Json::parse(R"({"g":0,"x":1.5,"x2":2.0,"n":8.0})"));
}

TEST(BarSpec, HasBothMeasures) {
  const Json spec = bar_spec({{"y", {{"a", -1.0, 2.0}, {"b\xFF", kNan, 1.0}}}}, "coefficient", "effect");
  EXPECT_EQ(values(spec)[0], Json::parse(R"({"g":0,"name":"a","a":-1.0,"b":2.0})"));
  EXPECT_TRUE(values(spec)[1].at("a").is_null());
  EXPECT_EQ(values(spec)[1].at("name"), "b\xEF\xBF\xBD");
}

TEST(MatrixSpec, SharesAreOfTheActualClass) {
  const Json cells = values(matrix_spec({{"no", "yes"}, {{3, 1}, {0, 0}}}));
  ASSERT_EQ(cells.size(), 4U);
  EXPECT_EQ(cells[1].at("share"), 0.25);
  EXPECT_EQ(cells[1].at("predicted"), "yes");
  EXPECT_EQ(cells[2].at("share"), 0.0);  // a class without rows
}

TEST(ChartSpecs, LeaveColoursToTheTheme) {
  for (const Json& spec : {scatter_spec({{"a", {{1, 2}}}}, "x", "y"), histogram_spec({{"a", 0, 1, {1}}}, "x", "y"),
                           bar_spec({{"a", {{"b", 1, 2}}}}, "c", "d"), matrix_spec({{"a"}, {{1}}})}) {
    EXPECT_EQ(spec.dump().find("\"#"), std::string::npos) << spec;
  }
}

TEST(GroupControls, AreForSeveralGroups) {
  EXPECT_TRUE(group_controls("Target", {"only"}).empty());
  const std::vector<Control> controls = group_controls("Target", {"a", "b"});
  ASSERT_EQ(controls.size(), 1U);
  EXPECT_EQ(controls[0].choices[1], (std::pair<std::string, std::string>("1", "b")));
}

}  // namespace
}  // namespace slalom::report::html
