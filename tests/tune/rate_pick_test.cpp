// SPDX-License-Identifier: Apache-2.0
// The pick of a learning rate from a ramp's losses, and what it must not be fooled by.
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <slalom/lr_find.hpp>

#include "core/philox.hpp"
#include "tune/rate_pick.hpp"

namespace slalom {
namespace {

using ::testing::HasSubstr;

std::vector<double> ramp(std::size_t n) {
  std::vector<double> rates(n);
  for (std::size_t i = 0; i < n; ++i) {
    rates[i] = 1e-6 * std::pow(1e7, static_cast<double>(i) / static_cast<double>(n - 1));
  }
  return rates;
}

/// Falls from 1 to 0.2 with the steepest slope against ln(rate) at `middle`.
double sigmoid_loss(double rate, double middle) {
  return 1.0 - 0.8 / (1.0 + std::exp(-2.0 * (std::log(rate) - std::log(middle))));
}

std::vector<double> losses_of(const std::vector<double>& rates, double middle, double noise = 0.0) {
  core::PhiloxStream random(7, 0, core::RandomUse::kSynthetic, 0);
  std::vector<double> losses;
  for (const double rate : rates) losses.push_back(sigmoid_loss(rate, middle) + noise * (random.uniform() - 0.5));
  return losses;
}

void expect_near(const RateFinding& finding, double rate, double factor) {
  ASSERT_TRUE(finding.suggested.has_value()) << finding.reason;
  EXPECT_LE(std::abs(std::log(*finding.suggested / rate)), std::log(factor)) << *finding.suggested;
}

TEST(RatePick, TakesTheSteepestDescentAgainstTheLogarithm) {
  for (const double middle : {1e-4, 1e-2, 0.3}) {
    const auto rates = ramp(200);
    expect_near(pick_rate(rates, losses_of(rates, middle), false), middle, 1.1);
  }
}

TEST(RatePick, DoesNotDependOnTheSpacingOfSteps) {
  const auto coarse = ramp(100), fine = ramp(1000);
  expect_near(pick_rate(coarse, losses_of(coarse, 1e-3), false), 1e-3, 1.25);
  expect_near(pick_rate(fine, losses_of(fine, 1e-3), false), 1e-3, 1.1);
}

TEST(RatePick, StandsNoise) {
  const auto rates = ramp(200);
  expect_near(pick_rate(rates, losses_of(rates, 1e-2, 0.3), false), 1e-2, 2.5);
}

TEST(RatePick, IsNotFooledByEarlySpikes) {
  const auto rates = ramp(200);
  std::vector<double> losses = losses_of(rates, 1e-2);
  losses[0] = 50.0;
  losses[11] = 30.0;
  losses[40] = 20.0;
  expect_near(pick_rate(rates, losses, false), 1e-2, 1.1);
}

TEST(RatePick, IgnoresTheFallAfterAHump) {
  const auto rates = ramp(200);
  std::vector<double> losses = losses_of(rates, 1e-2);
  for (std::size_t i = 40; i < 60; ++i) losses[i] += 3.0 * std::sin(3.14159 * static_cast<double>(i - 40) / 20.0);
  expect_near(pick_rate(rates, losses, false), 1e-2, 1.3);
}

TEST(RatePick, StaysBeforeTheDivergence) {
  const auto rates = ramp(200);
  std::vector<double> losses = losses_of(rates, 1e-3);
  losses.resize(150);
  for (std::size_t i = 130; i < 150; ++i) losses[i] *= std::exp(0.2 * static_cast<double>(i - 130));
  const RateFinding finding = pick_rate(rates, losses, true);
  expect_near(finding, 1e-3, 1.1);
  EXPECT_THAT(finding.reason, HasSubstr("beyond 0.17 training diverged"));
  EXPECT_EQ(finding.curve.size(), 150U);
}

TEST(RatePick, RefusesARunThatNeverMoved) {
  const auto rates = ramp(200);
  const RateFinding flat = pick_rate(rates, std::vector<double>(200, 0.7), false);
  EXPECT_FALSE(flat.suggested.has_value());
  EXPECT_EQ(flat.reason,
            "no suggestion: the loss never moved beyond its noise, up to rate 10; end with a larger --max-lr");
  std::vector<double> noisy;
  core::PhiloxStream random(3, 0, core::RandomUse::kSynthetic, 0);
  for (int i = 0; i < 200; ++i) noisy.push_back(1.0 + random.uniform());
  EXPECT_FALSE(pick_rate(rates, noisy, false).suggested.has_value());
}

TEST(RatePick, RefusesALossThatOnlyRose) {
  const auto rates = ramp(200);
  std::vector<double> losses;
  for (std::size_t i = 0; i < 60; ++i) losses.push_back(1.0 + std::exp(0.2 * static_cast<double>(i)) / 1e4);
  EXPECT_EQ(pick_rate(rates, losses, true).reason,
            "no suggestion: the loss rose without having fallen, up to rate 0.000119; begin with a smaller --min-lr");
}

TEST(RatePick, RefusesTooFewSteps) {
  const auto rates = ramp(200);
  EXPECT_EQ(pick_rate(rates, std::vector<double>(12, 1.0), true).reason,
            "no suggestion: training diverged after 12 steps, at rate 2.44e-06; begin with a smaller --min-lr, or take "
            "more --steps");
  EXPECT_EQ(pick_rate(rates, std::vector<double>(3, 1.0), false).reason,
            "no suggestion: only 3 of 200 steps were made, expected at least 20");
  EXPECT_FALSE(pick_rate(rates, {}, true).suggested.has_value());
}

TEST(SmoothedLoss, CorrectsTheBiasOfTheFirstSteps) {
  tuning::SmoothedLoss smoothed(200);  // beta 0.9
  EXPECT_DOUBLE_EQ(smoothed.add(5.0), 5.0);
  EXPECT_NEAR(smoothed.add(3.0), (0.1 * 0.9 * 5.0 + 0.1 * 3.0) / (1.0 - 0.81), 1e-12);
}

TEST(SmoothedLoss, DivergesAtFourTimesTheLowest) {
  tuning::SmoothedLoss smoothed(200);
  for (int i = 0; i < 60; ++i) smoothed.add(1.0);
  EXPECT_FALSE(smoothed.diverged());
  smoothed.add(25.0);  // 1 + 2.4: one spike is not enough
  EXPECT_FALSE(smoothed.diverged());
  smoothed.add(25.0);
  EXPECT_TRUE(smoothed.diverged());
}

TEST(SmoothedLoss, MayRiseToWhereItBegan) {
  tuning::SmoothedLoss smoothed(200);
  for (int i = 0; i < 20; ++i) smoothed.add(1.0);
  for (int i = 0; i < 100; ++i) smoothed.add(1e-6);
  for (int i = 0; i < 100; ++i) smoothed.add(0.9);
  EXPECT_FALSE(smoothed.diverged());
  smoothed.add(std::nan(""));
  EXPECT_TRUE(smoothed.diverged());
}

TEST(RoundedRate, HasTwoDigits) {
  EXPECT_EQ(tuning::rounded_rate(0.0123456), 0.012);
  EXPECT_EQ(tuning::rounded_rate(9.96e-5), 1e-4);
  EXPECT_EQ(tuning::rounded_rate(3.0), 3.0);
}

}  // namespace
}  // namespace slalom
