// SPDX-License-Identifier: Apache-2.0
// What a tuning job tries, and what it refuses.
#include "tune/trials.hpp"

#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "support/message_of.hpp"

namespace slalom::tuning {
namespace {

using Sizes = std::vector<std::int64_t>;

TuneJob job_of() {
  TuneJob job;
  job.train.data = "data.csv";
  job.train.preprocess.targets = {"y"};
  job.lr_rule = LrRule::kNone;
  return job;
}

TEST(BatchSizes, AreByDefaultPowersOfTwoThatLeaveEightSteps) {
  EXPECT_EQ(batch_sizes_of(job_of(), 16512), (Sizes{16, 32, 64, 128, 256, 512, 1024, 2048}));
  EXPECT_EQ(batch_sizes_of(job_of(), 128), (Sizes{16}));
  EXPECT_EQ(batch_sizes_of(job_of(), 127), (Sizes{1, 2, 4, 8}));
  EXPECT_EQ(batch_sizes_of(job_of(), 1), (Sizes{1}));
  EXPECT_EQ(batch_sizes_of(job_of(), 100000000).back(), 65536);
}

TEST(BatchSizes, TakeAllRowsOnce) {
  TuneJob job = job_of();
  job.batch_sizes = {64, 0, 100, 64};
  EXPECT_EQ(batch_sizes_of(job, 100), (Sizes{64, 0}));
  EXPECT_EQ(testing::message_of<UsageError>([&] { (void)batch_sizes_of(job, 99); }),
            "--batch-sizes: found 100, expected at most 99 (the training rows) or all");
}

TEST(Settings, OfAGridAreAllCombinations) {
  TuneJob job = job_of();
  job.optimizers = {OptimizerKind::kSgd, OptimizerKind::kAdam};
  job.learning_rates.low = 1e-4;
  job.learning_rates.high = 1e-2;
  job.learning_rates.points = 3;
  job.l2.values = {0.0, 0.1, 0.1};  // the same twice is one
  const auto settings = settings_of(job);
  ASSERT_EQ(settings.size(), 12U);
  EXPECT_EQ(settings[0].kind, OptimizerKind::kSgd);
  EXPECT_EQ(settings[11].kind, OptimizerKind::kAdam);
  EXPECT_DOUBLE_EQ(settings[0].learning_rate, 1e-4);
  EXPECT_DOUBLE_EQ(settings[2].learning_rate, 1e-3);
  EXPECT_DOUBLE_EQ(settings[5].learning_rate, 1e-2);
  EXPECT_EQ(settings[1].l2, 0.1);
}

TEST(Settings, WithoutASearchAreTheJobs) {
  TuneJob job = job_of();
  job.train.trainer.optimizer.l1 = 0.25;
  const auto settings = settings_of(job);
  ASSERT_EQ(settings.size(), 1U);
  EXPECT_EQ(settings[0].l1, 0.25);
}

TEST(Settings, AreDrawnFromTheSeedAndWithinTheirRanges) {
  TuneJob job = job_of();
  job.search = SearchKind::kRandom;
  job.trials = 200;
  job.learning_rates.low = 1e-5;
  job.learning_rates.high = 1e-1;
  job.l2.values = {0.0, 1e-3};
  job.optimizers = {OptimizerKind::kAdam, OptimizerKind::kMomentum};
  const auto settings = settings_of(job), again = settings_of(job);
  ASSERT_EQ(settings.size(), 200U);
  int low_decades = 0;
  std::set<double> penalties;
  std::set<OptimizerKind> kinds;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    EXPECT_EQ(settings[i].learning_rate, again[i].learning_rate);
    EXPECT_GE(settings[i].learning_rate, 1e-5);
    EXPECT_LE(settings[i].learning_rate, 1e-1);
    low_decades += settings[i].learning_rate < 1e-3 ? 1 : 0;
    penalties.insert(settings[i].l2);
    kinds.insert(settings[i].kind);
  }
  EXPECT_NEAR(low_decades, 100, 30);  // more than 4 standard deviations of a fair coin
  EXPECT_EQ(penalties.size(), 2U);
  EXPECT_EQ(kinds.size(), 2U);
  job.train.trainer.seed = 2;
  EXPECT_NE(settings_of(job)[0].learning_rate, settings[0].learning_rate);
}

TEST(Settings, OfOneAxisDoNotDependOnTheOthers) {
  TuneJob job = job_of();
  job.search = SearchKind::kRandom;
  job.learning_rates.low = 1e-5;
  job.learning_rates.high = 1e-1;
  const auto alone = settings_of(job);
  job.l1.values = {0.0, 0.1, 0.2};
  const auto with_l1 = settings_of(job);
  for (std::size_t i = 0; i < alone.size(); ++i) EXPECT_EQ(alone[i].learning_rate, with_l1[i].learning_rate);
}

TEST(ScaledRate, FollowsTheRule) {
  EXPECT_EQ(scaled_rate(LrRule::kNone, 0.1, 256, 64), 0.1);
  EXPECT_EQ(scaled_rate(LrRule::kFind, 0.1, 256, 64), 0.1);
  EXPECT_DOUBLE_EQ(scaled_rate(LrRule::kSqrt, 0.1, 256, 64), 0.2);
  EXPECT_DOUBLE_EQ(scaled_rate(LrRule::kLinear, 0.1, 256, 64), 0.4);
  EXPECT_DOUBLE_EQ(scaled_rate(LrRule::kLinear, 0.1, 16, 64), 0.025);
}

TEST(TuneJob, IsValidAsItComes) { EXPECT_NO_THROW(validate(job_of())); }

TEST(TuneJob, NamesTheFlagThatIsWrong) {
  const auto message = [](auto change) {
    TuneJob job = job_of();
    change(job);
    return testing::message_of<UsageError>([&] { validate(job); });
  };
  EXPECT_EQ(message([](TuneJob& job) { job.devices = {DeviceKind::kAuto}; }),
            "--devices: found 'auto', expected cpu, cuda or reference");
  EXPECT_EQ(message([](TuneJob& job) {
              job.devices = {DeviceKind::kCpu, DeviceKind::kCpu};
            }),
            "--devices: found 'cpu' twice");
  EXPECT_EQ(message([](TuneJob& job) {
              job.learning_rates.values = {1e-3, 0.0};
            }),
            "--lrs: found 0, expected numbers > 0");
  EXPECT_EQ(message([](TuneJob& job) { job.l2.values = {-1.0}; }), "--l2s: found -1, expected numbers >= 0");
  EXPECT_EQ(message([](TuneJob& job) {
              job.l1.low = 1e-3;
              job.l1.high = 1e-1;
              job.l1.points = 1;
            }),
            "--l1s: found 1 points, expected 2 to 1000");
  EXPECT_EQ(message([](TuneJob& job) {
              job.lr_rule = LrRule::kFind;
              job.learning_rates.values = {1e-3};
            }),
            "--lrs and --lr-rule find: found both, expected one of them");
  EXPECT_EQ(message([](TuneJob& job) { job.search = SearchKind::kHalving; }),
            "--search halving: found nothing to search, expected --lrs, --optimizers, --l1s or --l2s");
  EXPECT_EQ(message([](TuneJob& job) { job.trials = 0; }), "--trials: found 0, expected 1 to 10000");
  EXPECT_EQ(message([](TuneJob& job) { job.repeats = 101; }), "--repeats: found 101, expected 1 to 100");
  EXPECT_EQ(message([](TuneJob& job) { job.target_loss = std::nan(""); }),
            "--target-loss: found nan, expected a finite number");
  EXPECT_EQ(message([](TuneJob& job) { job.measure_seconds = 0.0; }),
            "--measure-time: found 0, expected seconds above 0, at most 3600");
  EXPECT_EQ(message([](TuneJob& job) {
              job.learning_rates.low = 1e-3;
              job.learning_rates.high = 1e-1;
              job.l1 = job.l2 = job.learning_rates;
              job.learning_rates.points = job.l1.points = job.l2.points = 1000;
            }),
            "tune: found 3000000000 runs (settings x batch sizes x devices x repeats), expected at most 10000");
  EXPECT_EQ(message([](TuneJob& job) {
              job.optimizers = {OptimizerKind::kLion};
              job.l1.values = {0.1};
            }),
            "--l1: found with --optimizer lion, whose sign update has no proximal step; use another optimizer");
}

}  // namespace
}  // namespace slalom::tuning
