// SPDX-License-Identifier: Apache-2.0
// Built-in surfaces have the gradients and minima that they claim, and rates that do what they are for.
#include "landscape/surface.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "landscape/pictures.hpp"
#include "support/message_of.hpp"

namespace slalom::landscape {
namespace {

class SurfaceTest : public ::testing::TestWithParam<std::string> {
 protected:
  const Surface surface = built_in_surface(GetParam());

  double value_at(Point at) const {
    Point gradient{};
    return surface.f(at, gradient);
  }
};

TEST_P(SurfaceTest, GradientsAgreeWithDifferences) {
  constexpr int kSteps = 12;
  for (int i = 0; i <= kSteps; ++i) {
    for (int j = 0; j <= kSteps; ++j) {
      const Point at{surface.x.low + surface.x.width() * i / kSteps, surface.y.low + surface.y.width() * j / kSteps};
      EXPECT_LT(check_gradient(surface.f, at).error, 1e-6) << at[0] << ", " << at[1];
    }
  }
}

TEST_P(SurfaceTest, MinimaAreMinima) {
  ASSERT_FALSE(surface.minima.empty());
  for (const Point& minimum : surface.minima) {
    Point gradient{};
    const double value = surface.f(minimum, gradient);
    EXPECT_LT(std::hypot(gradient[0], gradient[1]), 1e-9);
    for (const Point& step : {Point{1e-3, 0.0}, Point{-1e-3, 0.0}, Point{0.0, 1e-3}, Point{0.0, -1e-3}}) {
      EXPECT_GT(value_at({minimum[0] + step[0], minimum[1] + step[1]}), value);
    }
  }
}

TEST_P(SurfaceTest, StartsAreInTheDrawing) {
  ASSERT_GE(surface.starts.size(), 3U);
  for (const Point& start : surface.starts) {
    EXPECT_TRUE(surface.x.contains(start[0]) && surface.y.contains(start[1])) << start[0] << ", " << start[1];
  }
}

TEST_P(SurfaceTest, TheGoodRateGetsDownAndTheHighOneDoesNotGetAsFar) {
  const Settings settings{.pictures = {"rates"}, .contenders = {{OptimizerKind::kSgd, {}}}};
  const Picture rates = make_pictures(surface, settings).at(0);
  const auto value_of = [&](std::size_t panel) { return rates.panels.at(panel).ways.at(0).result.end.value; };
  EXPECT_LT(value_of(0), value_at(surface.starts[0]));
  EXPECT_LT(value_of(0), value_of(1));
}

TEST_P(SurfaceTest, EveryOptimizerHasARateThatGetsDown) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    const Settings settings{.pictures = {"path"}, .contenders = {{kind, {}}}};
    const Way way = make_pictures(surface, settings).at(0).panels.at(0).ways.at(0);
    EXPECT_NE(way.result.reason, MinimizeStop::kDiverged) << name;
    EXPECT_LT(way.result.end.value, value_at(surface.starts[0])) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(All, SurfaceTest, ::testing::ValuesIn(surface_names()),
                         [](const auto& instance) { return instance.param; });

TEST(Surface, KnownValues) {
  const auto value_of = [](const char* name, Point at) {
    Point gradient{};
    return built_in_surface(name).f(at, gradient);
  };
  EXPECT_EQ(value_of("rosenbrock", {1.0, 1.0}), 0.0);
  EXPECT_NEAR(value_of("rosenbrock", {-1.2, 1.0}), 24.2, 1e-12);
  EXPECT_EQ(value_of("himmelblau", {3.0, 2.0}), 0.0);
  EXPECT_EQ(value_of("himmelblau", {0.0, 0.0}), 170.0);
  EXPECT_EQ(value_of("rastrigin", {0.0, 0.0}), 0.0);
  EXPECT_NEAR(value_of("rastrigin", {0.5, 0.5}), 40.5, 1e-12);
  EXPECT_EQ(value_of("saddle", {0.0, 0.0}), 0.0);
  EXPECT_EQ(value_of("saddle", {0.0, 1.0}), -0.25);
  EXPECT_EQ(value_of("valley", {2.0, 1.0}), 14.5);
  EXPECT_EQ(value_of("bowl", {1.0, 2.0}), 7.0);
}

TEST(Surface, HimmelblausStartsEndInItsFourMinima) {
  const Surface surface = built_in_surface("himmelblau");
  const Settings settings{.pictures = {"starts"}, .contenders = {{OptimizerKind::kSgd, {}}}};
  const Picture starts = make_pictures(surface, settings).at(0);
  ASSERT_EQ(starts.panels.at(0).ways.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const std::vector<double>& end = starts.panels[0].ways[i].result.end.x;
    double nearest = INFINITY;
    for (const Point& minimum : surface.minima) {
      nearest = std::min(nearest, std::hypot(end[0] - minimum[0], end[1] - minimum[1]));
    }
    EXPECT_LT(nearest, 0.05) << "start " << i;
    for (std::size_t j = 0; j < i; ++j) {
      const std::vector<double>& other = starts.panels[0].ways[j].result.end.x;
      EXPECT_GT(std::hypot(end[0] - other[0], end[1] - other[1]), 1.0);
    }
  }
}

TEST(Surface, NamesTheOnesThereAre) {
  EXPECT_EQ(
      testing::message_of<UsageError>([] { (void)built_in_surface("hill"); }),
      "landscape: found the surface 'hill', expected one of bowl, valley, rosenbrock, himmelblau, saddle, rastrigin");
}

}  // namespace
}  // namespace slalom::landscape
