// SPDX-License-Identifier: Apache-2.0
// The surface of a regression is its mean squared error.
#include <cmath>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "core/losses.hpp"
#include "landscape/pictures.hpp"
#include "landscape/surface.hpp"
#include "support/least_squares.hpp"
#include "support/message_of.hpp"

namespace slalom::landscape {
namespace {

Table table_of(const std::vector<double>& x, const std::vector<double>& y) {
  Table table;
  table.source = "data.csv";
  table.n_rows = static_cast<std::int64_t>(x.size());
  table.columns.emplace_back("area", NumericColumn{x});
  table.columns.emplace_back("price", NumericColumn{y});
  return table;
}

const std::vector<double> kX{1.0, 2.5, 3.0, 4.5, 7.0, 8.25};
const std::vector<double> kY{3.5, 5.0, 8.0, 9.5, 15.0, 18.0};

Surface surface_of(const Table& table, Scaling scaling = Scaling::kNone) {
  PreprocessOptions options;
  options.targets = {"price"};
  options.scaling = options.target_scaling = scaling;
  Notes notes;
  return regression_surface(table, options, notes);
}

TEST(RegressionSurface, IsTheMeanOfTheTrainersLoss) {
  const Surface surface = surface_of(table_of(kX, kY));
  for (const Point& at : {Point{0.0, 0.0}, Point{2.0, 1.0}, Point{-3.0, 12.5}}) {
    double sum = 0.0;
    for (std::size_t i = 0; i < kX.size(); ++i) {
      const double residual = at[0] * kX[i] + at[1] - kY[i];
      sum += residual * residual;
    }
    Point gradient{};
    EXPECT_NEAR(surface.f(at, gradient), sum / static_cast<double>(kX.size()), 1e-12 * (1.0 + sum));
    EXPECT_LT(check_gradient(surface.f, at).error, 1e-8);
  }
}

TEST(RegressionSurface, HasItsMinimumAtLeastSquares) {
  const Surface surface = surface_of(table_of(kX, kY));
  std::vector<std::vector<double>> rows;
  for (const double x : kX) rows.push_back({x, 1.0});
  const std::vector<double> line = testing::least_squares(rows, kY);
  EXPECT_NEAR(surface.minima.at(0)[0], line[0], 1e-10);
  EXPECT_NEAR(surface.minima.at(0)[1], line[1], 1e-10);
  EXPECT_EQ(surface.x_name, "slope of area");
  EXPECT_EQ(surface.starts.at(0), (Point{0.0, 0.0}));
}

TEST(RegressionSurface, ScaledIsARoundBowl) {
  const Surface surface = surface_of(table_of(kX, kY), Scaling::kStandard);
  EXPECT_NEAR(surface.minima.at(0)[1], 0.0, 1e-7);
  EXPECT_NEAR(surface.good_rate, 0.5, 1e-6);  // curvature 2 in all directions: one step is enough
  const Settings settings{.pictures = {"path"}, .contenders = {{OptimizerKind::kSgd, {}}}, .steps = 1};
  const Way way = make_pictures(surface, settings).at(0).panels.at(0).ways.at(0);
  EXPECT_NEAR(way.result.end.x[0], surface.minima[0][0], 1e-5);
}

TEST(RegressionSurface, ItsRatesAreOnEitherSideOfTwoOverTheCurvature) {
  const Surface surface = surface_of(table_of(kX, kY));
  Settings settings{.pictures = {"rates"}, .contenders = {{OptimizerKind::kSgd, {}}}, .steps = 2000};
  const Picture rates = make_pictures(surface, settings).at(0);
  EXPECT_NEAR(rates.panels.at(0).ways.at(0).result.end.x[0], surface.minima[0][0], 1e-6);
  EXPECT_GT(std::fabs(rates.panels.at(1).ways.at(0).result.end.x[0]), 1e3);
}

TEST(RegressionSurface, StandsTargetsThatDoNotVary) {
  for (const double y : {5.0, 0.0}) {
    const Surface surface = surface_of(table_of({1.0, 2.0, 3.0}, {y, y, y}));
    EXPECT_GT(surface.x.width(), 0.0);
    EXPECT_GT(surface.y.width(), 0.0);
    const Settings settings{.pictures = picture_ids(), .contenders = {{OptimizerKind::kAdam, {}}}};
    EXPECT_EQ(make_pictures(surface, settings).size(), 4U);
  }
}

TEST(RegressionSurface, RefusesWhatHasNoSurface) {
  const auto message = [](const Table& table) {
    return testing::message_of<DataError>([&] { (void)surface_of(table); });
  };
  Table three = table_of(kX, kY);
  three.columns.emplace_back("rooms", NumericColumn{kX});
  EXPECT_EQ(message(three), "landscape: found 2 features (area, rooms), expected one numeric column: --feature NAME");
  EXPECT_EQ(message(table_of({1.0, 1.0}, {2.0, 3.0})),
            "landscape: column 'area' has one value only, expected one that varies");
  EXPECT_EQ(message(table_of({1.0}, {2.0})), "landscape: found 1 row, expected at least 2");
}

}  // namespace
}  // namespace slalom::landscape
