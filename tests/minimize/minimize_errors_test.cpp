// SPDX-License-Identifier: Apache-2.0
// What minimize() refuses, word by word.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/minimize.hpp>

#include "support/message_of.hpp"

namespace slalom {
namespace {

using testing::message_of;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double square(std::span<const double> x, std::span<double> gradient) {
  gradient[0] = 2.0 * x[0];
  return x[0] * x[0];
}

template <class Failure>
std::string message(const Objective& f, const std::vector<double>& start, const MinimizeConfig& config = {}) {
  return message_of<Failure>([&] { (void)minimize(f, start, config); });
}

TEST(MinimizeErrors, Settings) {
  const auto of = [](auto change) {
    MinimizeConfig config;
    change(config);
    return message<UsageError>(square, {1.0}, config);
  };
  EXPECT_EQ(of([](auto& c) { c.max_steps = 0; }), "max_steps: found 0, expected 1 to 1e12");
  EXPECT_EQ(of([](auto& c) { c.gradient_tolerance = -1.0; }), "gradient_tolerance: found -1, expected a number >= 0");
  EXPECT_EQ(of([](auto& c) { c.gradient_tolerance = kNan; }), "gradient_tolerance: found nan, expected a number >= 0");
  EXPECT_EQ(of([](auto& c) { c.n_penalized = -1; }), "n_penalized: found -1, expected a number >= 0");
  EXPECT_EQ(of([](auto& c) { c.n_penalized = 2; }), "n_penalized: found 2, expected 0 to 1, the size of x");
  EXPECT_EQ(of([](auto& c) { c.optimizer.learning_rate = 0.0; }), "--lr: found 0, expected a number > 0");
  EXPECT_EQ(of([](auto& c) { c.patience = -1; }),
            "--patience: found -1, expected a number of epochs >= 0 (0: never stop early)");
  EXPECT_EQ(of([](auto& c) { c.optimizer = {.kind = OptimizerKind::kLion, .l1 = 0.1}; }),
            "--l1: found with --optimizer lion, whose sign update has no proximal step; use another optimizer");
}

TEST(MinimizeErrors, FunctionAndStart) {
  EXPECT_EQ(message<UsageError>(nullptr, {1.0}), "minimize: found no function, expected one that can be called");
  EXPECT_EQ(message<DataError>(square, {}), "minimize: found a start without elements, expected at least 1");
  EXPECT_EQ(message<DataError>(square, {1.0, kNan}),
            "minimize: element 1 of the start is nan, expected a finite number");
  const Objective infinite = [](std::span<const double>, std::span<double>) { return INFINITY; };
  EXPECT_EQ(message<DataError>(infinite, {1.0}), "minimize: f at the start is inf, expected a finite number");
  const Objective steep = [](std::span<const double>, std::span<double> gradient) {
    gradient[1] = -INFINITY;
    return 0.0;
  };
  EXPECT_EQ(message<DataError>(steep, {1.0, 1.0}),
            "minimize: element 1 of the gradient at the start is -inf, expected a finite number");
}

}  // namespace
}  // namespace slalom
