// SPDX-License-Identifier: Apache-2.0
// Which members of a tuning population are given up, and when.
#include "tune/judge.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::tuning {
namespace {

using Members = std::vector<std::int64_t>;

std::vector<EpochReport> reports_of(std::int64_t epoch, const std::vector<double>& losses) {
  std::vector<EpochReport> reports;
  for (std::size_t m = 0; m < losses.size(); ++m) {
    if (losses[m] < 0.0) continue;  // not in training any more
    EpochReport report{.member = static_cast<std::int64_t>(m), .epoch = epoch};
    report.train_loss = losses[m];
    reports.push_back(report);
  }
  return reports;
}

TEST(TuneJudge, GivesUpWhatCannotReachTheLowestLossSeen) {
  LowestLoss lowest;
  TuneJudge judge({.epochs = 10}, {0, 1, 2}, {0, 0, 0}, lowest);
  EXPECT_EQ(judge.give_up(reports_of(1, {1.0, 10.0, 10.0})), Members{});
  EXPECT_EQ(judge.give_up(reports_of(2, {0.9, 9.9, 8.0})), Members{});
  // Member 1 falls by 0.1 an epoch and would end at 9.1; member 2 by 2 and would get below 0.
  EXPECT_EQ(judge.give_up(reports_of(3, {0.8, 9.8, 6.0})), (Members{1}));
  EXPECT_EQ(lowest.value, 0.8);
}

TEST(TuneJudge, NeverGivesUpTheBest) {
  LowestLoss lowest;
  TuneJudge judge({.epochs = 6}, {0, 1}, {0, 0}, lowest);
  for (std::int64_t epoch = 1; epoch <= 6; ++epoch) {
    const auto given_up = judge.give_up(reports_of(epoch, {1.0 + 0.1 * static_cast<double>(epoch), 0.5}));
    EXPECT_EQ(std::count(given_up.begin(), given_up.end(), 1), 0) << epoch;
  }
}

TEST(TuneJudge, KeepsWhatIsWithinOnePercent) {
  LowestLoss lowest;
  TuneJudge judge({.epochs = 9}, {0, 1, 2}, {0, 0, 0}, lowest);
  for (std::int64_t epoch = 1; epoch < 3; ++epoch) (void)judge.give_up(reports_of(epoch, {1.0, 1.009, 1.02}));
  EXPECT_EQ(judge.give_up(reports_of(3, {1.0, 1.009, 1.02})), (Members{2}));
}

TEST(TuneJudge, MeasuresAgainstTheTargetIfThereIsOne) {
  LowestLoss lowest;
  TuneJudge judge({.target = 2.0, .epochs = 9}, {0, 1, 2}, {0, 0, 0}, lowest);
  for (std::int64_t epoch = 1; epoch < 3; ++epoch) (void)judge.give_up(reports_of(epoch, {1.0, 1.9, 2.1}));
  EXPECT_EQ(judge.give_up(reports_of(3, {1.0, 1.9, 2.1})), (Members{2}));
}

TEST(TuneJudge, GivesUpLossesThatAreNotNumbers) {
  LowestLoss lowest;
  TuneJudge judge({.epochs = 9}, {0, 1}, {0, 0}, lowest);
  const double nan = std::nan("");
  for (std::int64_t epoch = 1; epoch < 3; ++epoch) (void)judge.give_up(reports_of(epoch, {1.0, nan}));
  EXPECT_EQ(judge.give_up(reports_of(3, {1.0, nan})), (Members{1}));
}

TEST(TuneJudge, CanBeToldNotTo) {
  LowestLoss lowest;
  TuneJudge judge({.extrapolate = false, .epochs = 9}, {0, 1}, {0, 0}, lowest);
  for (std::int64_t epoch = 1; epoch <= 9; ++epoch) EXPECT_EQ(judge.give_up(reports_of(epoch, {1.0, 50.0})), Members{});
}

TEST(TuneJudge, HalvesEveryGroupByTheMedianOfItsSeeds) {
  LowestLoss lowest;
  // Trials 0..3 in group 7 with two seeds each, trial 4 alone in group 8.
  TuneJudge judge({.extrapolate = false, .halve = true, .epochs = 9}, {0, 0, 1, 1, 2, 2, 3, 3, 4}, {7, 7, 7, 7, 8},
                  lowest);
  EXPECT_EQ(judge.give_up(reports_of(1, {5, 5, 1, 9, 2, 2, 8, 8, 99})), (Members{2, 3, 6, 7})) << "medians 5 5 2 8";
  EXPECT_EQ(judge.give_up(reports_of(2, {4, 4, -1, -1, 2, 2, -1, -1, 99})), Members{});
  EXPECT_EQ(judge.give_up(reports_of(3, {1, 1, -1, -1, 2, 2, -1, -1, 99})), (Members{4, 5}));
  EXPECT_EQ(judge.give_up(reports_of(4, {1, 1, -1, -1, -1, -1, -1, -1, 99})), Members{});
}

TEST(MedianOf, CountsInfiniteValues) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(median_of({3.0, 1.0, 2.0}), 2.0);
  EXPECT_EQ(median_of({4.0, 1.0, 2.0, 3.0}), 2.5);
  EXPECT_EQ(median_of({1.0, infinity, 2.0}), 2.0);
  EXPECT_EQ(median_of({1.0, infinity}), infinity);
  EXPECT_EQ(median_of({infinity, infinity}), infinity);
}

}  // namespace
}  // namespace slalom::tuning
