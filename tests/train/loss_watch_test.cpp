// SPDX-License-Identifier: Apache-2.0
// Which sequences of losses count as an explosion.
#include "train/loss_watch.hpp"

#include <cmath>
#include <numbers>
#include <vector>

#include <gtest/gtest.h>

#include "core/philox.hpp"

namespace slalom::training {
namespace {

constexpr double kFar = 2.0 * LossWatch::kFactor;

/// Index of the loss with which it counts as exploded, or -1.
std::int64_t explosion_in(LossWatch watch, const std::vector<double>& losses) {
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (watch.add(losses[i])) return static_cast<std::int64_t>(i);
  }
  return -1;
}

TEST(LossWatch, FindsALossThatStaysFarAboveTheBest) {
  std::vector<double> losses(100, 1.0);
  losses.resize(120, kFar);
  EXPECT_EQ(explosion_in({.floor = 1.0}, losses), 107);
}

TEST(LossWatch, StandsAnyNumberOfSpikesThatEnd) {
  std::vector<double> losses;
  for (int round = 0; round < 100; ++round) {
    losses.push_back(1.0);
    losses.insert(losses.end(), LossWatch::kSteps - 1, 1e30);
  }
  EXPECT_EQ(explosion_in({.floor = 1.0}, losses), -1);
}

TEST(LossWatch, FindsAnExplosionFromTheFirstUpdateOn) {
  std::vector<double> losses(10, 1e8);
  losses[0] = 1.0;
  EXPECT_EQ(explosion_in({.floor = 1.0}, losses), 8);
}

TEST(LossWatch, LetsARunStartAsBadlyAsItLikes) {
  std::vector<double> losses(50, 1e12);
  losses.resize(100, 1e11);
  EXPECT_EQ(explosion_in({.floor = 1.0}, losses), -1);
}

TEST(LossWatch, FollowsTheBestDownToTheFloorOnly) {
  std::vector<double> losses(200, 1e12);
  losses.resize(1000, 1e-9);  // fits to the last bit
  losses.resize(1200, 1.0);   // and loses it: no worse than answering 0
  EXPECT_EQ(explosion_in({.floor = 1.0}, losses), -1);
  losses.resize(1300, kFar);
  EXPECT_EQ(explosion_in({.floor = 1.0}, losses), 1207);
}

TEST(LossWatch, GrowsSlowlyOrFastAlike) {
  for (const double growth : {1.01, 1.5, 100.0}) {
    std::vector<double> losses;
    for (double loss = 0.1; loss < 1e30; loss *= growth) losses.push_back(loss);
    const std::int64_t found = explosion_in({.floor = 1.0}, losses);
    ASSERT_GE(found, 0) << growth;
    EXPECT_GT(losses[static_cast<std::size_t>(found)], LossWatch::kFactor);
    EXPECT_LT(losses[static_cast<std::size_t>(found)], 2.0 * LossWatch::kFactor * std::pow(growth, LossWatch::kSteps));
  }
}

/// Losses of single rows, batch size 1: squares of heavy-tailed residuals.
TEST(LossWatch, StandsTheNoiseOfSingleRows) {
  core::PhiloxStream random(5, 0, core::RandomUse::kSynthetic, 0);
  LossWatch normal{.floor = 1.0}, lognormal{.floor = 1.0}, cauchy{.floor = 1.0};
  for (int i = 0; i < 300000; ++i) {
    const double u = std::max(random.uniform(), 1e-12), angle = 2.0 * std::numbers::pi * random.uniform();
    const double z = std::sqrt(-2.0 * std::log(u)) * std::cos(angle);
    ASSERT_FALSE(normal.add(z * z)) << i;
    ASSERT_FALSE(lognormal.add(std::exp(3.0 * z))) << i;  // 1 in 1000 above 10,000
    const double c = std::tan(angle / 2.0);
    ASSERT_FALSE(cauchy.add(c * c)) << i;  // without mean or variance
  }
}

TEST(LossWatch, IsCalmWhereTheSmoothedLossIsNearTheBest) {
  LossWatch watch{.floor = 1.0};
  EXPECT_FALSE(watch.calm());  // nothing is known
  for (int i = 0; i < 40; ++i) watch.add(0.5);
  EXPECT_TRUE(watch.calm());
  watch.add(kFar);
  EXPECT_FALSE(watch.calm());
  for (int i = 0; i < 10; ++i) watch.add(0.5);
  EXPECT_FALSE(watch.calm());
  for (int i = 0; i < 400; ++i) watch.add(0.5);
  EXPECT_TRUE(watch.calm());
}

}  // namespace
}  // namespace slalom::training
