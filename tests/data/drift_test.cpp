// SPDX-License-Identifier: Apache-2.0
// What counts as drift, and what is chance.
#include <slalom/drift.hpp>

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "core/philox.hpp"
#include "support/message_of.hpp"

namespace slalom {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

struct Shape {
  std::int64_t rows = 1000;
  double mean = 10.0, half_width = 2.0;          ///< of x, uniform
  std::vector<double> shares = {0.5, 0.3, 0.2};  ///< of p, q, r in level
  double missing = 0.0;                          ///< of x
  std::uint32_t seed = 1;
};

/// Columns x, level and y = x.
Table table_of(const Shape& shape) {
  core::PhiloxStream random(shape.seed, 0, core::RandomUse::kSynthetic, 2);
  NumericColumn x, y;
  CategoricalColumn level{.codes = {}, .categories = {"p", "q", "r", "s"}};
  for (std::int64_t i = 0; i < shape.rows; ++i) {
    const double value = shape.mean + shape.half_width * (2.0 * random.uniform() - 1.0);
    y.values.push_back(value);
    x.values.push_back(random.uniform() < shape.missing ? kMissing : value);
    double left = random.uniform();
    std::int32_t code = 0;
    while (code + 1 < static_cast<std::int32_t>(shape.shares.size()) &&
           left >= shape.shares[static_cast<std::size_t>(code)]) {
      left -= shape.shares[static_cast<std::size_t>(code++)];
    }
    level.codes.push_back(code);
  }
  Table table{.columns = {}, .n_rows = shape.rows, .source = "made"};
  table.columns.emplace_back("x", std::move(x));
  table.columns.emplace_back("level", std::move(level));
  table.columns.emplace_back("y", std::move(y));
  return table;
}

Preprocessing fitted(const Shape& shape) {
  PreprocessOptions options;
  options.targets = {"y"};
  Notes notes;
  return fit_preprocessing(table_of(shape), {}, false, options, notes);
}

ColumnDrift column_of(const DriftReport& report, const std::string& name) {
  for (const ColumnDrift& column : report.columns) {
    if (column.name == name) return column;
  }
  ADD_FAILURE() << "no column " << name;
  return {};
}

TEST(Drift, OtherRowsOfTheSameKindAreNotDrift) {
  const Preprocessing before = fitted({});
  for (const std::int64_t rows : {1, 5, 30, 1000}) {
    for (std::uint32_t seed = 2; seed < 40; ++seed) {
      const DriftReport report = measure_drift(before, table_of({.rows = rows, .seed = seed}), {});
      EXPECT_EQ(report.n_beyond(), 0) << rows << " rows, seed " << seed << ": " << report.columns[0].finding;
      EXPECT_EQ(report.rows, rows);
      EXPECT_EQ(report.columns.size(), 3U);
    }
  }
}

TEST(Drift, AMovedMeanIsCountedInStandardDeviationsOfTraining) {
  const double deviation = 2.0 / std::sqrt(3.0);
  const Table now = table_of({.mean = 10.0 + deviation, .seed = 2});
  const DriftReport report = measure_drift(fitted({}), now, {});
  const ColumnDrift x = column_of(report, "x");
  EXPECT_NEAR(x.shift, 1.0, 0.1);
  EXPECT_NEAR(x.spread, 1.0, 0.05);
  EXPECT_DOUBLE_EQ(x.score, x.shift / 0.5);
  EXPECT_TRUE(x.finding.starts_with("mean up by ")) << x.finding;
  EXPECT_EQ(report.n_beyond(), 2);  // x and the target
  EXPECT_TRUE(column_of(report, "y").is_target);
  EXPECT_EQ(report.columns.back().name, "level");  // the worst come first
}

TEST(Drift, ASpreadTwiceOrHalfIsTheLimit) {
  const Preprocessing before = fitted({});
  const auto score = [&](double half_width) {
    return column_of(measure_drift(before, table_of({.half_width = half_width, .seed = 3}), {}), "x").score;
  };
  EXPECT_GT(score(4.4), 1.0);
  EXPECT_LT(score(3.6), 1.0);
  EXPECT_GT(score(0.9), 1.0);
  EXPECT_LT(score(1.1), 1.0);
}

TEST(Drift, CountsUnseenCategoriesAndMovedShares) {
  const Preprocessing before = fitted({});
  const ColumnDrift unseen =
      column_of(measure_drift(before, table_of({.shares = {0.5, 0.3, 0.15, 0.05}, .seed = 4}), {}), "level");
  EXPECT_NEAR(unseen.now.unseen, 0.05, 0.02);
  EXPECT_DOUBLE_EQ(unseen.score, unseen.now.unseen / 0.01);
  EXPECT_NE(unseen.finding.find("% unseen categories"), std::string::npos) << unseen.finding;
  const ColumnDrift moved =
      column_of(measure_drift(before, table_of({.shares = {0.1, 0.3, 0.6}, .seed = 4}), {}), "level");
  EXPECT_NEAR(moved.distance, 0.4, 0.05);
  EXPECT_GT(moved.score, 1.0);
  EXPECT_TRUE(moved.finding.starts_with("shares of categories moved by ")) << moved.finding;
}

TEST(Drift, CountsCellsThatAreMissingNow) {
  const Preprocessing before = fitted({.missing = 0.1});
  EXPECT_EQ(measure_drift(before, table_of({.missing = 0.15, .seed = 5}), {}).n_beyond(), 0);
  EXPECT_EQ(measure_drift(before, table_of({.missing = 0.0, .seed = 5}), {}).n_beyond(), 0);
  const ColumnDrift more = column_of(measure_drift(before, table_of({.missing = 0.4, .seed = 5}), {}), "x");
  EXPECT_NEAR(more.score, 3.0, 0.5);
  EXPECT_NE(more.finding.find(" % missing, "), std::string::npos) << more.finding;
  const ColumnDrift all = column_of(measure_drift(before, table_of({.missing = 1.1, .seed = 5}), {}), "x");
  EXPECT_NEAR(all.score, 9.0, 0.5);
}

TEST(Drift, AConstantThatVariesAndTheOtherWayRound) {
  const Preprocessing constant = fitted({.half_width = 0.0});
  EXPECT_EQ(measure_drift(constant, table_of({.half_width = 0.0}), {}).n_beyond(), 0);
  EXPECT_EQ(column_of(measure_drift(constant, table_of({}), {}), "x").finding, "was constant (10) in training");
  EXPECT_EQ(column_of(measure_drift(fitted({}), table_of({.half_width = 0.0}), {}), "x").finding, "is constant now");
}

TEST(Drift, ClassesAreComparedByTheirShares) {
  Table table = table_of({});
  PreprocessOptions options;
  options.targets = {"level"};
  Notes notes;
  const Preprocessing before = fit_preprocessing(table, {}, true, options, notes);
  ASSERT_EQ(before.target_statistics.size(), 1U);
  EXPECT_NEAR(before.target_statistics[0].shares.at(0), 0.5, 0.05);
  const DriftReport report = measure_drift(before, table_of({.shares = {0.1, 0.1, 0.8}, .seed = 6}), {});
  EXPECT_EQ(report.columns[0].name, "level");
  EXPECT_TRUE(report.columns[0].is_target);
  EXPECT_NEAR(report.columns[0].distance, 0.6, 0.05);
}

TEST(Drift, LooksAtTheGivenRowsOnly) {
  const Table table = table_of({});
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < 1000; ++i) {
    if (table.columns[0].numeric().values[i] > 11.0) rows.push_back(i);
  }
  const DriftReport report = measure_drift(fitted({}), table, rows);
  EXPECT_EQ(report.rows, static_cast<std::int64_t>(rows.size()));
  EXPECT_GT(column_of(report, "x").shift, 1.0);
}

TEST(Drift, ModelsWithoutStatisticsHaveNoReport) {
  Preprocessing before = fitted({});
  for (InputColumn& input : before.inputs) input.statistics.reset();
  before.target_statistics.clear();
  EXPECT_TRUE(measure_drift(before, table_of({}), {}).columns.empty());
}

TEST(Drift, NamesColumnsThatDoNotFit) {
  const Preprocessing before = fitted({});
  Table table = table_of({});
  table.columns[0] = Column("x", CategoricalColumn{.codes = std::vector<std::int32_t>(1000, 0), .categories = {"a"}});
  EXPECT_EQ(testing::message_of<DataError>([&] { (void)measure_drift(before, table, {}); }),
            "made: column 'x' holds text; the model was trained on numbers");
  table.columns.erase(table.columns.begin());
  EXPECT_EQ(testing::message_of<DataError>([&] { (void)measure_drift(before, table, {}); }),
            "made: column 'x' is missing; the model was trained on it");
}

}  // namespace
}  // namespace slalom
