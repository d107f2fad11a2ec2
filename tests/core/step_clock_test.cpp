// SPDX-License-Identifier: Apache-2.0
// What optimisers carry from step to step besides their slots: NAdam's product and FTRL's last rate.
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "core/rules.hpp"

namespace slalom::core {
namespace {

TEST(StepClock, GoesOnExactlyFromItsMemory) {
  for (const OptimizerKind kind : {OptimizerKind::kNadam, OptimizerKind::kFtrl, OptimizerKind::kAdam}) {
    const RuleSettings settings = resolve_rule({.kind = kind});
    StepClock whole(settings);
    for (int t = 0; t < 50; ++t) static_cast<void>(whole.advance(0.1 / (t + 1)));
    StepClock resumed(settings);
    resumed.reset(whole.step(), whole.memory());
    for (int t = 0; t < 5; ++t) {
      const StepConstants<double> a = whole.advance(0.01 * (t + 1));
      const StepConstants<double> b = resumed.advance(0.01 * (t + 1));
      EXPECT_EQ(a.first_gain, b.first_gain) << name_of(kind);
      EXPECT_EQ(a.gradient_part, b.gradient_part) << name_of(kind);
      EXPECT_EQ(a.rate_change, b.rate_change) << name_of(kind);
    }
  }
}

TEST(StepClock, ThePowersOfBetaAreExactAndDependOnTheStepAlone) {
  for (const double beta : {0.0, 0.5, 0.9, 0.999, 0.999999}) {
    PowerRest in_order(beta);
    for (std::int64_t t = 1; t < 3000; ++t) {
      const double expected = beta > 0.0 ? -std::expm1(static_cast<double>(t) * std::log(beta)) : 1.0;
      const double actual = in_order.at(t);
      ASSERT_TRUE(std::fabs(actual - expected) <= 1e-15 * expected) << beta << "^" << t;
      ASSERT_EQ(actual, PowerRest(beta).at(t)) << beta << "^" << t;
    }
    EXPECT_EQ(in_order.at(std::numeric_limits<std::int64_t>::max()), 1.0);
  }
}

TEST(StepClock, AnAbsurdStepNumberIsNotCountedUpTo) {
  StepClock clock(resolve_rule({.kind = OptimizerKind::kNadam}));
  clock.reset(std::numeric_limits<std::int64_t>::max() / 2);
  EXPECT_TRUE(std::isfinite(clock.advance(0.1).first_gain));
}

TEST(StepClock, RefusesAMemoryOfAnotherSize) {
  StepClock clock(resolve_rule({.kind = OptimizerKind::kNadam}));
  const std::vector<double> memory{1.0, 2.0, 3.0};
  EXPECT_THROW(clock.reset(3, memory), DataError);
}

/// The objective whose minimiser FTRL-proximal is (McMahan et al. 2013, equation 1), from its definition: linear terms,
/// one quadratic around every earlier iterate, and the penalties.
class FtrlObjective {
 public:
  FtrlObjective(double w0, double q0, double l1, double l2) : curvature_(q0 + l2), l1_(l1) {
    linear_ = -(q0 + l2) * w0 - (w0 > 0.0 ? l1 : (w0 < 0.0 ? -l1 : 0.0));
  }
  void add(double g, double sigma, double w) {
    linear_ += g - sigma * w;
    curvature_ += sigma;
  }
  /// By ternary search: knows nothing of the closed form.
  [[nodiscard]] double minimiser() const {
    double low = -100.0, high = 100.0;
    const auto value = [&](double w) { return linear_ * w + 0.5 * curvature_ * w * w + l1_ * std::fabs(w); };
    for (int i = 0; i < 300; ++i) {
      const double a = low + (high - low) / 3.0, b = high - (high - low) / 3.0;
      (value(a) < value(b) ? high : low) = value(a) < value(b) ? b : a;
    }
    return 0.5 * (low + high);
  }

 private:
  double linear_ = 0.0, curvature_ = 0.0, l1_ = 0.0;
};

TEST(Ftrl, MinimisesItsObjectiveUnderAnyScheduleFromAnyStart) {
  constexpr double kL1 = 0.05, kL2 = 0.3, kBeta = 0.7;
  const std::vector<double> gradients{0.5, -1.0, 0.0, 30.0, -0.2, 0.04, -2.0, 0.3};
  const std::vector<double> rates{0.1, 0.2, 0.4, 0.4, 0.3, 0.05, 0.05, 0.01};  // a warm-up, then a decay
  for (const double w0 : {0.0, 1.5, -0.8}) {
    const RuleSettings settings =
        resolve_rule({.kind = OptimizerKind::kFtrl, .ftrl_beta = kBeta, .l1 = kL1, .l2 = kL2});
    StepClock clock(settings);
    double slots[kMaxSlots] = {};
    double w = w0, n = 0.0, q = kBeta / rates[0];
    FtrlObjective objective(w0, q, kL1, kL2);
    for (std::size_t t = 0; t < gradients.size(); ++t) {
      n += gradients[t] * gradients[t];
      const double q_now = (kBeta + std::sqrt(n)) / rates[t];
      objective.add(gradients[t], q_now - q, w);
      q = q_now;
      w = update<Rule::kFtrl>(w, gradients[t], slots, clock.advance(rates[t]), flags_of(settings));
      // A ternary search finds a minimiser to the root of the rounding error: 1e-8 of values near 1.
      ASSERT_TRUE(std::fabs(w - objective.minimiser()) <= 1e-6) << "start " << w0 << " step " << t << ": " << w;
    }
  }
}

TEST(Ftrl, StaysWhereItIsWithoutGradientOrRate) {
  const RuleSettings settings = resolve_rule({.kind = OptimizerKind::kFtrl, .ftrl_beta = 0.0});
  StepClock clock(settings);
  double slots[kMaxSlots] = {};
  EXPECT_EQ(update<Rule::kFtrl>(2.0, 0.0, slots, clock.advance(0.1), flags_of(settings)), 2.0);
  const double w = update<Rule::kFtrl>(2.0, 1.0, slots, clock.advance(0.1), flags_of(settings));
  EXPECT_NEAR(update<Rule::kFtrl>(w, 1.0, slots, clock.advance(0.0), flags_of(settings)), w, 1e-12);
}

}  // namespace
}  // namespace slalom::core
