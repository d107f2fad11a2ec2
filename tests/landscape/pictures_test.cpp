// SPDX-License-Identifier: Apache-2.0
// Pictures hold the ways that they say they hold.
#include "landscape/pictures.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "landscape/ways_text.hpp"
#include "support/message_of.hpp"

namespace slalom::landscape {
namespace {

Settings settings_of(std::vector<std::string> pictures) {
  return {.pictures = std::move(pictures),
          .contenders = {{OptimizerKind::kMomentum, 0.01}, {OptimizerKind::kAdam, std::nullopt}}};
}

TEST(Pictures, AWayIsWhatMinimizeDoes) {
  const Surface surface = built_in_surface("rosenbrock");
  Settings settings = settings_of({"optimizers"});
  settings.steps = 37;
  settings.constants.clip_norm = 2.0;
  settings.schedule.kind = ScheduleKind::kCosine;
  settings.starts = {{0.5, -0.5}};
  const Picture picture = make_pictures(surface, settings).at(0);
  ASSERT_EQ(picture.panels.size(), 2U);
  EXPECT_EQ(picture.panels[0].title, "momentum, learning rate 0.01");
  MinimizeConfig config{.optimizer = {.kind = OptimizerKind::kMomentum, .learning_rate = 0.01, .clip_norm = 2.0},
                        .schedule = {.kind = ScheduleKind::kCosine},
                        .max_steps = 37};
  const MinimizeResult alone = minimize(surface.f, std::vector<double>{0.5, -0.5}, config);
  EXPECT_EQ(picture.panels[0].ways.at(0).result.end.x, alone.end.x);
  EXPECT_EQ(picture.panels[0].ways[0].result.path.size(), 38U);
  EXPECT_DOUBLE_EQ(picture.panels[1].ways.at(0).optimizer.learning_rate, 4.0 / 40.0);
}

TEST(Pictures, EachHasItsPanels) {
  Settings settings = settings_of({"starts", "rates", "path"});
  settings.rates = {0.001, 0.002, 0.003};
  const std::vector<Picture> pictures = make_pictures(built_in_surface("valley"), settings);
  ASSERT_EQ(pictures.size(), 3U);
  EXPECT_EQ(pictures[0].id, "starts");
  EXPECT_EQ(pictures[0].panels.at(0).ways.size(), 4U);
  EXPECT_EQ(pictures[1].panels.size(), 3U);
  EXPECT_EQ(pictures[1].title, "Learning rates side by side");
  EXPECT_EQ(pictures[2].panels.at(0).ways.size(), 1U);
}

TEST(Pictures, AWayThatDivergesIsShownAsItIs) {
  Settings settings{.pictures = {"path"}, .contenders = {{OptimizerKind::kSgd, 1.0}}, .steps = 1000};
  const Picture picture = make_pictures(built_in_surface("rosenbrock"), settings).at(0);
  const MinimizeResult& result = picture.panels.at(0).ways.at(0).result;
  EXPECT_EQ(result.reason, MinimizeStop::kDiverged);
  EXPECT_EQ(reason_text(result), "diverged");
  EXPECT_GT(result.path.size(), 2U);
  for (const PathPoint& point : result.path) EXPECT_TRUE(std::isfinite(point.value));
}

TEST(Pictures, StopsWhenAsked) {
  const std::atomic<bool> stop{true};
  EXPECT_TRUE(make_pictures(built_in_surface("bowl"), settings_of({"path", "rates"}), &stop).empty());
}

TEST(Pictures, NameTheFlagThatIsWrong) {
  const auto message = [](auto change) {
    Settings settings = settings_of({"path"});
    change(settings);
    return testing::message_of<UsageError>([&] { validate(settings); });
  };
  EXPECT_EQ(message([](auto& s) { s.contenders.clear(); }), "--optimizers: found 0 of them, expected 1 to 24");
  EXPECT_EQ(message([](auto& s) { s.contenders[0].learning_rate = -1.0; }),
            "--optimizers: found momentum=-1, expected NAME or NAME=RATE with a rate > 0");
  EXPECT_EQ(message([](auto& s) { s.rates = {0.1, 0.0}; }), "--rates: found 0, expected numbers > 0");
  EXPECT_EQ(message([](auto& s) { s.steps = 100001; }),
            "--steps: found 100001, expected 1 to 100000 (0: as many as suit the surface)");
  EXPECT_EQ(message([](auto& s) {
              s.starts = {{0.0, INFINITY}};
            }),
            "--start: found 0,inf, expected two finite numbers: X,Y");
  EXPECT_EQ(message([](auto& s) { s.gradient_tolerance = -1.0; }), "--gradient-tol: found -1, expected a number >= 0");
  EXPECT_EQ(message([](auto& s) {
              s.pictures = {"path", "rates", "path"};
            }),
            "--picture: found path more than once, expected each picture once");
  EXPECT_EQ(message([](auto& s) { s.constants.momentum = 2.0; }), "--momentum: found 2, expected 0 <= value < 1");
}

TEST(Pictures, RefuseAStartWhereNothingIsFinite) {
  Settings settings = settings_of({"path"});
  settings.starts = {{1e200, 0.0}};
  EXPECT_EQ(
      testing::message_of<UsageError>([&] { (void)make_pictures(built_in_surface("bowl"), settings); }),
      "--start: found 1e+200,0, where f is inf and its gradient 2e+200,0, expected a point where they are finite");
}

TEST(Pictures, SameSettingsGiveTheSameJson) {
  const Surface surface = built_in_surface("saddle");
  const Settings settings = settings_of({"path", "optimizers"});
  EXPECT_EQ(landscape_json(surface, make_pictures(surface, settings)),
            landscape_json(surface, make_pictures(surface, settings)));
}

}  // namespace
}  // namespace slalom::landscape
