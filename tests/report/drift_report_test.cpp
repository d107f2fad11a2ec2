// SPDX-License-Identifier: Apache-2.0
// Drift in words and numbers.
#include "report/drift_report.hpp"

#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace slalom::report {
namespace {

DriftReport make_report() {
  DriftReport report;
  report.rows = 70;
  ColumnDrift age{.name = "age", .score = 2.5, .finding = "mean up by 1.25 standard deviations"};
  age.before = {.mean = 40.0, .deviation = 10.0};
  age.now = {.missing = 0.25, .mean = 52.5, .deviation = 9.5};
  age.shift = 1.25;
  age.spread = 0.95;
  ColumnDrift city{.name = "city", .is_target = true, .categorical = true};
  city.before.shares = {0.5, 0.5, 0.0};
  city.now.shares = {0.5, 0.3, 0.2};
  city.distance = std::numeric_limits<double>::infinity();  // json_number makes null of it
  report.columns = {age, city};
  return report;
}

TEST(DriftTable, ShowsTheWorstColumnsAndMarksThoseThatMatter) {
  EXPECT_EQ(drift_table(make_report()),
            "drift: 1 of 2 columns differ from those of the model beyond the thresholds\n"
            "column           model          now  largest change\n"
            "age           40 +- 10  52.5 +- 9.5  mean up by 1.25 standard deviations *\n"
            "target city  2 classes    3 classes  none\n"
            "\n");
}

TEST(DriftTable, IsShort) {
  DriftReport report = make_report();
  report.columns.resize(50, report.columns[0]);
  const std::string table = drift_table(report);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 8);
}

TEST(DriftTable, SaysWhenItKnowsNothing) {
  EXPECT_EQ(drift_table({}), "drift: unknown, the model has no statistics of its training data\n\n");
}

TEST(DriftJson, HasWhatATableHasNot) {
  const nlohmann::ordered_json json = drift_json(make_report());
  EXPECT_EQ(json.at("rows"), 70);
  EXPECT_EQ(json.at("columns"), 2);
  EXPECT_EQ(json.at("beyond"), 1);
  const auto& age = json.at("worst").at(0);
  EXPECT_EQ(age.at("name"), "age");
  EXPECT_EQ(age.at("shift"), 1.25);
  EXPECT_EQ(age.at("spread"), 0.95);
  EXPECT_EQ(age.at("missing"), 0.25);
  EXPECT_EQ(age.at("missing_before"), 0.0);
  EXPECT_EQ(age.at("score"), 2.5);
  EXPECT_EQ(age.at("target"), false);
  EXPECT_TRUE(json.at("worst").at(1).at("distance").is_null());
  EXPECT_EQ(json.at("worst").at(1).at("target"), true);
}

}  // namespace
}  // namespace slalom::report
