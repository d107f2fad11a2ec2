// SPDX-License-Identifier: Apache-2.0
// The host's float32 exp, log1p, tanh and erfc against float64.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/elementary.hpp"

namespace slalom::core {
namespace {

constexpr double kUlp = 0x1.0p-23;  ///< relative distance of neighbouring float32 numbers, at most

TEST(Elementary, ExpIsWithinTwoUlpWhereItsResultIsNormal) {
  for (float x = 0.0F; x > -87.3F; x -= 0.00137F) {
    const double expected = std::exp(static_cast<double>(x));
    ASSERT_TRUE(std::fabs(static_cast<double>(exp_negative(x)) - expected) <= 2.0 * kUlp * expected) << x;
  }
}

TEST(Elementary, ExpAtItsEnds) {
  EXPECT_EQ(exp_negative(0.0F), 1.0F);
  EXPECT_EQ(exp_negative(-0.0F), 1.0F);
  EXPECT_GT(exp_negative(-87.3F), 0.0F);
  EXPECT_EQ(exp_negative(-88.0F), 0.0F);
  EXPECT_EQ(exp_negative(-1e30F), 0.0F);
  EXPECT_EQ(exp_negative(-std::numeric_limits<float>::infinity()), 0.0F);
  EXPECT_TRUE(std::isnan(exp_negative(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(exp_negative(-1.5), std::exp(-1.5));
}

TEST(Elementary, Log1pIsWithinTwoUlp) {
  for (float u = 1e-30F; u < 1.0F; u = u < 1e-3F ? u * 1.07F : u + 0.0000931F) {
    const double expected = std::log1p(static_cast<double>(u));
    ASSERT_TRUE(std::fabs(static_cast<double>(log1p_unit(u)) - expected) <= 2.0 * kUlp * expected) << u;
  }
  EXPECT_EQ(log1p_unit(0.0F), 0.0F);
  EXPECT_NEAR(log1p_unit(1.0F), std::log(2.0), 2.0 * kUlp);
  EXPECT_TRUE(std::isnan(log1p_unit(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(log1p_unit(0.25), std::log1p(0.25));
}

TEST(Elementary, TanhIsWithinThreeUlp) {
  for (const float sign : {1.0F, -1.0F}) {
    for (float x = 1e-20F; x < 20.0F; x = x < 1e-3F ? x * 1.07F : x + 0.000213F) {
      const double expected = std::tanh(static_cast<double>(sign * x));
      ASSERT_TRUE(std::fabs(static_cast<double>(tanh_of(sign * x)) - expected) <= 3.0 * kUlp * std::fabs(expected))
          << sign * x;
    }
  }
  EXPECT_EQ(tanh_of(0.0F), 0.0F);
  EXPECT_EQ(tanh_of(1e30F), 1.0F);
  EXPECT_EQ(tanh_of(-std::numeric_limits<float>::infinity()), -1.0F);
  EXPECT_TRUE(std::isnan(tanh_of(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(tanh_of(0.3), std::tanh(0.3));
}

TEST(Elementary, ErfcHasItsRelativeAccuracy) {
  for (float x = -9.0F; x < 9.0F; x += 0.000371F) {
    const auto exact = static_cast<double>(x);
    const double expected = std::erfc(exact);
    ASSERT_TRUE(std::fabs(static_cast<double>(erfc_of(x)) - expected) <= 1e-6 * (1.0 + exact * exact) * expected) << x;
  }
  EXPECT_NEAR(erfc_of(0.0F), 1.0, 2e-7);
  EXPECT_EQ(erfc_of(std::numeric_limits<float>::infinity()), 0.0F);
  EXPECT_EQ(erfc_of(-1e30F), 2.0F);
  EXPECT_TRUE(std::isnan(erfc_of(std::numeric_limits<float>::quiet_NaN())));
  EXPECT_EQ(erfc_of(0.4), std::erfc(0.4));
}

}  // namespace
}  // namespace slalom::core
