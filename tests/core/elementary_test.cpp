// SPDX-License-Identifier: Apache-2.0
// exp and log1p of the host's float32 losses against float64.
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

}  // namespace
}  // namespace slalom::core
