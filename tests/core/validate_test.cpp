// SPDX-License-Identifier: Apache-2.0
// Settings out of range are refused with the flag, what was found and what was expected.
#include <limits>

#include <gtest/gtest.h>

#include <slalom/config.hpp>
#include <slalom/error.hpp>

#include "core/philox.hpp"
#include "support/message_of.hpp"

namespace slalom::testing {
namespace {

TEST(Validate, OptimizerMessagesNameTheFlag) {
  OptimizerConfig o;
  o.learning_rate = -1.0;
  EXPECT_EQ(message_of([&] { validate(o); }), "--lr: found -1, expected a number > 0");
  o.learning_rate = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message_of([&] { validate(o); }), "--lr: found nan, expected a number > 0");
  o = {};
  o.beta2 = 1.0;
  EXPECT_EQ(message_of([&] { validate(o); }), "--beta2: found 1, expected 0 <= value < 1");
  o = {};
  o.kind = OptimizerKind::kLion;
  o.l1 = 0.1;
  EXPECT_EQ(message_of([&] { validate(o); }),
            "--l1: found with --optimizer lion, whose sign update has no proximal step; use another optimizer");
}

TEST(Validate, ModelMessagesNameTheFlag) {
  ModelSpec spec;
  spec.n_features = 3;
  spec.loss.kind = LossKind::kBce;
  EXPECT_EQ(message_of([&] { validate(spec); }),
            "--loss: found bce, expected mse, mae, huber or quantile for --model linear");
  spec.loss = {.kind = LossKind::kQuantile, .quantile = 1.0};
  EXPECT_EQ(message_of([&] { validate(spec); }), "--quantile: found 1, expected 0 < quantile < 1");
  spec = {.kind = ModelKind::kMlp, .n_features = 3, .hidden = {1 << 24, 1 << 24}};
  EXPECT_NE(message_of([&] { validate(spec); }).find("--hidden"), std::string::npos);
}

TEST(Validate, PlateauThresholdIsBelowOne) {
  EXPECT_EQ(message_of([] { validate(ScheduleConfig{.kind = ScheduleKind::kPlateau, .plateau_threshold = 1.0}); }),
            "--plateau-threshold: found 1, expected 0 <= value < 1");
}

TEST(Philox, MatchesThePublishedKnownAnswers) {
  // Random123 1.14, kat_vectors: philox4x32-10 with all-zero and all-one counter and key.
  const r123::Philox4x32::ctr_type zero{};
  const auto zeros = r123::Philox4x32{}(zero, r123::Philox4x32::key_type{});
  EXPECT_EQ(zeros.v[0], 0x6627e8d5U);
  EXPECT_EQ(zeros.v[1], 0xe169c58dU);
  EXPECT_EQ(zeros.v[2], 0xbc57ac4cU);
  EXPECT_EQ(zeros.v[3], 0x9b00dbd8U);
}

TEST(Philox, OurKeyingNeverChanges) {
  // Pinned: a change here changes every training run in the world.
  const auto words = core::philox(1, 0, core::RandomUse::kPermutation, 0, 0);
  const auto again = core::philox(1, 0, core::RandomUse::kPermutation, 0, 0);
  EXPECT_EQ(words, again);
  EXPECT_NE(words, core::philox(1, 1, core::RandomUse::kPermutation, 0, 0));
  EXPECT_NE(words, core::philox(1, 0, core::RandomUse::kDropout, 0, 0));
  EXPECT_NE(words, core::philox(1, 0, core::RandomUse::kPermutation, 1, 0));
}

TEST(PhiloxStream, BelowIsInRangeAndEven) {
  core::PhiloxStream random(1, 0, core::RandomUse::kSynthetic, 0);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70000; ++i) ++counts.at(random.below(7));
  for (const int count : counts) EXPECT_NEAR(count, 10000, 500);  // five standard deviations
  EXPECT_EQ(random.below(1), 0U);
}

}  // namespace
}  // namespace slalom::testing
