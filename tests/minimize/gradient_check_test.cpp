// SPDX-License-Identifier: Apache-2.0
// The check of gradients finds wrong ones.
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/minimize.hpp>

#include "support/message_of.hpp"

namespace slalom {
namespace {

using testing::message_of;

double wave(std::span<const double> x, std::span<double> gradient) {
  gradient[0] = std::cos(x[0]) * x[1];
  gradient[1] = std::sin(x[0]) + 2.0 * x[1];
  return std::sin(x[0]) * x[1] + x[1] * x[1];
}

TEST(GradientCheck, AcceptsARightGradient) {
  EXPECT_LT(check_gradient(wave, std::vector<double>{0.7, -1.3}).error, 1e-9);
}

TEST(GradientCheck, NamesTheElementThatIsWrong) {
  const Objective wrong = [](std::span<const double> x, std::span<double> gradient) {
    const double value = wave(x, gradient);
    gradient[1] -= 2.0;
    return value;
  };
  const GradientCheck check = check_gradient(wrong, std::vector<double>{0.5, 2.0});
  EXPECT_EQ(check.index, 1U);
  EXPECT_NEAR(check.numeric - check.given, 2.0, 1e-8);
  EXPECT_NEAR(check.error, 2.0 / check.numeric, 1e-8);
}

TEST(GradientCheck, CallsNaNInfinitelyWrong) {
  const Objective broken = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = std::numeric_limits<double>::quiet_NaN();
    return x[0];
  };
  EXPECT_EQ(check_gradient(broken, std::vector<double>{1.0}).error, std::numeric_limits<double>::infinity());
}

TEST(GradientCheck, RefusesWhatItCannotCheck) {
  EXPECT_EQ(message_of([] { (void)check_gradient(nullptr, std::vector<double>{1.0}); }),
            "check_gradient: found no function, expected one that can be called");
  EXPECT_EQ(message_of([] { (void)check_gradient(wave, {}); }),
            "check_gradient: found a point without elements, expected at least 1");
}

}  // namespace
}  // namespace slalom
