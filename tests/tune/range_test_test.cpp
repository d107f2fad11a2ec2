// SPDX-License-Identifier: Apache-2.0
// Range tests on problems whose largest stable learning rate is known.
#include <slalom/lr_find.hpp>

#include <atomic>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "core/philox.hpp"
#include "support/message_of.hpp"
#include "tune/line_problem.hpp"

namespace slalom {
namespace {

using testing::line;
using testing::normal;

/// y = 2 x + noise, x standard normal times `scale`: the mean loss is a quadratic with curvatures 2 and 2 scale^2.
Dataset slope(std::int64_t n_rows, double scale, double noise) {
  core::PhiloxStream random(5, 0, core::RandomUse::kSynthetic, 0);
  Dataset data;
  data.n_rows = n_rows;
  data.n_features = data.n_targets = 1;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    const double x = normal(random);
    data.features.push_back(static_cast<float>(scale * x));
    data.targets.push_back(static_cast<float>(2.0 * x + noise * normal(random)));
  }
  return data;
}

RangeTestMember sgd(std::int64_t batch_size) { return {{.kind = OptimizerKind::kSgd}, batch_size}; }

TEST(RangeTest, SuggestsARateBelowTheEdgeOfStability) {
  const Dataset data = slope(4096, 1.0, 0.1);
  const RangeTestMember members[] = {sgd(64), sgd(512), sgd(0)};
  const RangeTestResult result = range_test(line(), data, members, {}, {.options = {.threads = 2}});
  ASSERT_EQ(result.findings.size(), 3U);
  for (const RateFinding& finding : result.findings) {
    ASSERT_TRUE(finding.suggested.has_value()) << finding.reason;
    EXPECT_TRUE(finding.diverged);
    EXPECT_LT(*finding.suggested, 1.0);  // gradient descent on curvature 2 diverges above 2 / 2
    EXPECT_GT(*finding.suggested, 0.005);
    EXPECT_GT(finding.curve.back().learning_rate, 1.0);
  }
}

TEST(RangeTest, FollowsTheCurvature) {
  // Ten times the scale is a hundred times the curvature of the slope.
  const Dataset plain = slope(2048, 1.0, 0.0), steep = slope(2048, 10.0, 0.0);
  const RangeTestMember member = sgd(0);
  const double first = range_test(line(), plain, {&member, 1}, {}, {}).findings[0].suggested.value();
  const double second = range_test(line(), steep, {&member, 1}, {}, {}).findings[0].suggested.value();
  EXPECT_NEAR(std::log(first / second), std::log(100.0), std::log(2.0));
}

TEST(RangeTest, GivesEveryMemberWhatItGetsAlone) {
  const Dataset data = slope(1000, 1.0, 0.5);
  const RangeTestMember members[] = {sgd(10), {{.kind = OptimizerKind::kAdam}, 100}};
  const RangeTestConfig config{.steps = 100, .repeats = 2};
  const RangeTestResult together = range_test(line(), data, members, config, {.options = {.threads = 2}, .seed = 4});
  for (std::size_t m = 0; m < 2; ++m) {
    const RangeTestResult alone =
        range_test(line(), data, {&members[m], 1}, config, {.options = {.threads = 1}, .seed = 4});
    ASSERT_EQ(together.findings[m].curve.size(), alone.findings[0].curve.size());
    for (std::size_t i = 0; i < alone.findings[0].curve.size(); ++i) {
      EXPECT_EQ(together.findings[m].curve[i].loss, alone.findings[0].curve[i].loss) << i;
    }
    EXPECT_EQ(together.findings[m].suggested, alone.findings[0].suggested);
  }
}

TEST(RangeTest, RampsExponentially) {
  const Dataset data = slope(100, 1.0, 0.0);
  const RangeTestMember member = sgd(10);
  const auto finding =
      range_test(line(), data, {&member, 1}, {.min_rate = 1e-5, .max_rate = 1e-2, .steps = 31}, {}).findings[0];
  ASSERT_EQ(finding.curve.size(), 31U);
  EXPECT_DOUBLE_EQ(finding.curve.front().learning_rate, 1e-5);
  EXPECT_NEAR(finding.curve[10].learning_rate, 1e-4, 1e-16);
  EXPECT_NEAR(finding.curve.back().learning_rate, 1e-2, 1e-14);
}

TEST(RangeTest, RefusesTargetsThatDoNotDependOnAnything) {
  Dataset data = slope(512, 1.0, 0.0);
  for (std::size_t i = 0; i < data.targets.size(); ++i) data.targets[i] = i % 2 == 0 ? 1.0F : -1.0F;
  const RangeTestMember member = sgd(0);
  const auto finding = range_test(line(), data, {&member, 1}, {.max_rate = 0.1}, {}).findings[0];
  EXPECT_FALSE(finding.suggested.has_value());
  EXPECT_EQ(finding.reason,
            "no suggestion: the loss never moved beyond its noise, up to rate 0.1; end with a larger --max-lr");
}

TEST(RangeTest, StopsWhenAsked) {
  const Dataset data = slope(512, 1.0, 0.0);
  const RangeTestMember member = sgd(8);
  const std::atomic<bool> stop{true};
  const RangeTestResult result = range_test(line(), data, {&member, 1}, {}, {}, &stop);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.findings[0].reason, "no suggestion: only 16 of 200 steps were made, expected at least 20");
}

TEST(RangeTestConfig, NamesTheFlagThatIsOutOfRange) {
  const auto message = [](const RangeTestConfig& config) {
    return testing::message_of<UsageError>([&] { validate(config); });
  };
  EXPECT_EQ(message({.min_rate = 0.0}), "--min-lr: found 0, expected a number > 0");
  EXPECT_EQ(message({.min_rate = std::nan("")}), "--min-lr: found nan, expected a number > 0");
  EXPECT_EQ(message({.min_rate = 1.0, .max_rate = 5.0}), "--max-lr: found 5, expected at least 10 times --min-lr");
  EXPECT_EQ(message({.max_rate = INFINITY}), "--max-lr: found inf, expected at least 10 times --min-lr");
  EXPECT_EQ(message({.steps = 29}), "--steps: found 29, expected 30 to 100000");
  EXPECT_EQ(message({.repeats = 0}), "--repeats: found 0, expected 1 to 100");
}

}  // namespace
}  // namespace slalom
