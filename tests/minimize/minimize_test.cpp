// SPDX-License-Identifier: Apache-2.0
// Minimisation comes to known minima, and stops where and why it should.
#include <slalom/minimize.hpp>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace slalom {
namespace {

/// (a x^2 + b y^2) / 2
Objective bowl(double a, double b) {
  return [a, b](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = a * x[0];
    gradient[1] = b * x[1];
    return 0.5 * (a * x[0] * x[0] + b * x[1] * x[1]);
  };
}

double rosenbrock(std::span<const double> x, std::span<double> gradient) {
  const double bend = x[1] - x[0] * x[0];
  gradient[0] = -2.0 * (1.0 - x[0]) - 400.0 * x[0] * bend;
  gradient[1] = 200.0 * bend;
  return (1.0 - x[0]) * (1.0 - x[0]) + 100.0 * bend * bend;
}

MinimizeConfig config_of(OptimizerKind kind, double learning_rate, std::int64_t max_steps) {
  return {.optimizer = {.kind = kind, .learning_rate = learning_rate}, .schedule = {}, .max_steps = max_steps};
}

const std::vector<double> kStart{3.0, -2.0};

TEST(Minimize, FollowsTheClosedFormOnAQuadratic) {
  MinimizeConfig config = config_of(OptimizerKind::kSgd, 0.1, 25);
  config.keep_path = true;
  const MinimizeResult result = minimize(bowl(1.0, 4.0), kStart, config);
  ASSERT_EQ(result.path.size(), 26U);
  for (std::size_t k = 0; k < result.path.size(); ++k) {
    const double x = 3.0 * std::pow(1.0 - 0.1 * 1.0, static_cast<double>(k));
    const double y = -2.0 * std::pow(1.0 - 0.1 * 4.0, static_cast<double>(k));
    EXPECT_EQ(result.path[k].step, static_cast<std::int64_t>(k));
    EXPECT_NEAR(result.path[k].x[0], x, 1e-14);
    EXPECT_NEAR(result.path[k].x[1], y, 1e-14);
    EXPECT_NEAR(result.path[k].value, 0.5 * x * x + 2.0 * y * y, 1e-12);
    EXPECT_NEAR(result.path[k].gradient_norm, std::hypot(x, 4.0 * y), 1e-12);
    EXPECT_EQ(result.path[k].learning_rate, k == 0 ? 0.0 : 0.1);
  }
  EXPECT_EQ(result.reason, MinimizeStop::kSteps);
  EXPECT_EQ(result.evaluations, 26);
  EXPECT_EQ(result.end.x, result.path.back().x);
}

TEST(Minimize, EveryOptimizerLowersAnIllConditionedQuadratic) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    SCOPED_TRACE(std::string(name));
    const bool slows_down = kind == OptimizerKind::kAdagrad || kind == OptimizerKind::kFtrl;
    const MinimizeResult result = minimize(bowl(1.0, 20.0), kStart, config_of(kind, slows_down ? 0.5 : 0.02, 3000));
    EXPECT_LT(result.end.value, 1e-2);  // from 44.5
    EXPECT_EQ(result.divergence, "");
  }
}

TEST(Minimize, ComesToRosenbrocksMinimum) {
  MinimizeConfig config = config_of(OptimizerKind::kAdam, 0.01, 50000);
  config.gradient_tolerance = 1e-8;
  const MinimizeResult result = minimize(rosenbrock, std::vector<double>{-1.2, 1.0}, config);
  EXPECT_EQ(result.reason, MinimizeStop::kGradient);
  EXPECT_LE(result.end.gradient_norm, 1e-8);
  EXPECT_NEAR(result.end.x[0], 1.0, 1e-7);
  EXPECT_NEAR(result.end.x[1], 1.0, 1e-7);
  EXPECT_LT(result.steps, 50000);
  EXPECT_EQ(result.end.step, result.steps);
}

TEST(Minimize, ManyDimensions) {
  constexpr std::size_t kSize = 1000;
  const Objective f = [](std::span<const double> x, std::span<double> gradient) {
    double value = 0.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double weight = 1.0 + static_cast<double>(i % 10);
      const double error = x[i] - static_cast<double>(i);
      gradient[i] = weight * error;
      value += 0.5 * weight * error * error;
    }
    return value;
  };
  MinimizeConfig config = config_of(OptimizerKind::kNesterov, 0.05, 5000);
  config.gradient_tolerance = 1e-9;
  const MinimizeResult result = minimize(f, std::vector<double>(kSize, 0.0), config);
  EXPECT_EQ(result.reason, MinimizeStop::kGradient);
  for (std::size_t i = 0; i < kSize; ++i) EXPECT_NEAR(result.end.x[i], static_cast<double>(i), 1e-8);
}

TEST(Minimize, LassoStopsAtTheSoftThreshold) {
  // min (x - 1)^2 / 2 + l1 |x| is 1 - l1, and exactly 0 for l1 >= 1; the second element is not penalised.
  const Objective f = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = x[0] - 1.0;
    gradient[1] = x[1] - 1.0;
    return 0.5 * (gradient[0] * gradient[0] + gradient[1] * gradient[1]);
  };
  for (const double l1 : {0.25, 2.0}) {
    MinimizeConfig config = config_of(OptimizerKind::kSgd, 0.1, 500);
    config.optimizer.l1 = l1;
    config.n_penalized = 1;
    const MinimizeResult result = minimize(f, kStart, config);
    EXPECT_NEAR(result.end.x[0], std::fmax(0.0, 1.0 - l1), 1e-12);
    EXPECT_NEAR(result.end.x[1], 1.0, 1e-12);
    if (l1 > 1.0) {
      EXPECT_EQ(result.end.x[0], 0.0);
    }
  }
}

TEST(Minimize, StopsAtOnceWhereTheGradientIsZero) {
  const MinimizeResult result = minimize(bowl(1.0, 1.0), std::vector<double>{0.0, 0.0}, {});
  EXPECT_EQ(result.reason, MinimizeStop::kGradient);
  EXPECT_EQ(result.steps, 0);
  EXPECT_EQ(result.evaluations, 1);
}

TEST(Minimize, PatienceGoesBackToTheBestPoint) {
  // A rate beyond the bound of 2 / 1: every step is worse than the start, the first of them the least.
  MinimizeConfig config = config_of(OptimizerKind::kSgd, 2.1, 1000);
  config.patience = 3;
  config.keep_path = true;
  const MinimizeResult result = minimize(bowl(1.0, 1.0), kStart, config);
  EXPECT_EQ(result.reason, MinimizeStop::kConverged);
  EXPECT_EQ(result.steps, 4);
  EXPECT_EQ(result.end.step, 1);
  EXPECT_EQ(result.end.x, result.path[1].x);
  EXPECT_EQ(result.end.learning_rate, 2.1);
}

TEST(Minimize, ToleranceStopsWithoutProgress) {
  MinimizeConfig config = config_of(OptimizerKind::kSgd, 0.5, 1000);
  config.tolerance = 1e-6;
  const MinimizeResult result = minimize(bowl(1.0, 1.0), kStart, config);
  EXPECT_EQ(result.reason, MinimizeStop::kConverged);
  EXPECT_LT(result.end.value, 1e-6);
  EXPECT_LT(result.steps, 30);
}

TEST(Minimize, StopsInTimeAndWhenAsked) {
  MinimizeConfig config = config_of(OptimizerKind::kSgd, 1e-9, 1000000000000);
  config.max_seconds = 1e-9;
  EXPECT_EQ(minimize(bowl(1.0, 1.0), kStart, config).reason, MinimizeStop::kTime);
  config.max_seconds = 0.0;
  std::atomic<bool> stop{false};
  int calls = 0;
  const Objective f = [&](std::span<const double> x, std::span<double> gradient) {
    if (++calls == 10) stop = true;
    return bowl(1.0, 1.0)(x, gradient);
  };
  const MinimizeResult result = minimize(f, kStart, config, {}, &stop);
  EXPECT_EQ(result.reason, MinimizeStop::kInterrupted);
  EXPECT_EQ(result.steps, 9);
}

TEST(Minimize, TheGuardLowersARateThatExplodes) {
  MinimizeConfig config = config_of(OptimizerKind::kSgd, 2.5, 3000);
  config.keep_path = true;
  const MinimizeResult result = minimize(bowl(1.0, 1.0), kStart, config);
  ASSERT_FALSE(result.guard.empty());
  EXPECT_EQ(result.guard[0].trouble, Trouble::kExploded);
  EXPECT_DOUBLE_EQ(result.guard[0].new_rate, 0.25);
  EXPECT_LT(result.end.value, 1e-12);
  for (std::size_t k = 0; k < result.path.size(); ++k) {  // without what was thrown away
    EXPECT_EQ(result.path[k].step, static_cast<std::int64_t>(k));
  }
  EXPECT_EQ(result.path.back().step, result.steps);
}

TEST(Minimize, SaysHowItDivergedWithoutAGuard) {
  MinimizeConfig config = config_of(OptimizerKind::kSgd, 3.0, 100000);
  config.guard.on = false;
  config.keep_path = true;
  const MinimizeResult result = minimize(bowl(1.0, 1.0), kStart, config);
  EXPECT_EQ(result.reason, MinimizeStop::kDiverged);
  EXPECT_EQ(result.divergence,
            "minimize diverged: f is inf after step 511, at learning rate 3; use a smaller learning rate, clip the "
            "gradient, or scale x");
  EXPECT_TRUE(std::isfinite(result.end.value));
  EXPECT_EQ(result.end.step, 510);
  EXPECT_EQ(result.path.back().x, result.end.x);
}

TEST(Minimize, NoticesWhatTheVeryLastStepDid) {
  const Objective cliff = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = 1.0;
    return x[0] < -1.5 ? -INFINITY : x[0];
  };
  const MinimizeResult result = minimize(cliff, std::vector<double>{0.0}, config_of(OptimizerKind::kSgd, 1.0, 2));
  EXPECT_EQ(result.reason, MinimizeStop::kDiverged);
  EXPECT_EQ(result.divergence.substr(0, 40), "minimize diverged: f is -inf after step ");
  EXPECT_EQ(result.end.x[0], -1.0);
}

TEST(Minimize, NegativeValuesAreNoExplosion) {
  const Objective f = [](std::span<const double> x, std::span<double> gradient) {  // -10 at 0, up to 0 far away
    const double d = 1.0 + x[0] * x[0];
    gradient[0] = 20.0 * x[0] / (d * d);
    return -10.0 / d;
  };
  const MinimizeResult result = minimize(f, std::vector<double>{2.0}, config_of(OptimizerKind::kMomentum, 0.01, 2000));
  EXPECT_TRUE(result.guard.empty());
  EXPECT_NEAR(result.end.value, -10.0, 1e-9);
}

TEST(Minimize, AveragedSgdAnswersWithTheMeanOfItsIterates) {
  MinimizeConfig config = config_of(OptimizerKind::kAveragedSgd, 1.0, 2);  // x, 0, 0: the mean of two zeros
  const MinimizeResult result = minimize(bowl(1.0, 1.0), kStart, config);
  EXPECT_EQ(result.end.x, (std::vector<double>{0.0, 0.0}));
}

TEST(Minimize, ObserversSeeEveryStep) {
  class Counter : public Observer {
   public:
    void on_epoch(const EpochReport& report) override {
      ++epochs;
      falls = falls && report.valid.has_value() && report.valid->loss < report.train_loss;
    }
    int epochs = 0;
    bool falls = true;
  } counter;
  Observer* const observers[] = {&counter};
  (void)minimize(bowl(1.0, 2.0), kStart, config_of(OptimizerKind::kSgd, 0.1, 17), observers);
  EXPECT_EQ(counter.epochs, 17);
  EXPECT_TRUE(counter.falls);
}

TEST(Minimize, LetsTheFunctionThrow) {
  const Objective f = [](std::span<const double> x, std::span<double> gradient) -> double {
    if (x[0] < 2.0) throw std::runtime_error("out of range");
    return bowl(1.0, 1.0)(x, gradient);
  };
  EXPECT_THROW((void)minimize(f, kStart, config_of(OptimizerKind::kSgd, 0.1, 100)), std::runtime_error);
}

TEST(Minimize, SameCallsGiveTheSameBits) {
  const MinimizeConfig config = config_of(OptimizerKind::kNadam, 0.01, 500);
  const std::vector<double> start{-1.2, 1.0};
  EXPECT_EQ(minimize(rosenbrock, start, config).end.x, minimize(rosenbrock, start, config).end.x);
}

}  // namespace
}  // namespace slalom
