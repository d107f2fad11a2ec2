// SPDX-License-Identifier: Apache-2.0
// The target, what rows need to reach it, and the recommendation.
#include "tune/recommend.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::tuning {
namespace {

/// A row with 10 steps an epoch and one run for every list of losses by epoch.
TuneRow row_of(std::int64_t batch_size, double seconds_per_epoch, const std::vector<std::vector<double>>& runs) {
  TuneRow row;
  row.trial.batch_size = batch_size;
  row.steps_per_epoch = 10;
  if (seconds_per_epoch > 0.0) row.speed = TrialSpeed{.seconds_per_epoch = seconds_per_epoch};
  for (const std::vector<double>& losses : runs) {
    TrialRun run;
    for (std::size_t e = 0; e < losses.size(); ++e) {
      run.curve.push_back({.step = 10 * static_cast<std::int64_t>(e + 1), .loss = losses[e]});
    }
    row.runs.push_back(run);
  }
  return row;
}

TEST(EvaluateRows, TakesTheSoonestNotTheFewestEpochs) {
  TuneResult result;
  result.rows = {row_of(16, 1.0, {{3.0, 1.0}}), row_of(256, 0.1, {{4.0, 3.0, 2.0, 1.005}}), row_of(512, 0.01, {{9.0}})};
  evaluate_rows(result, std::nullopt);
  EXPECT_DOUBLE_EQ(*result.target_loss, 1.01);
  EXPECT_EQ(result.recommended, 1);
  EXPECT_EQ(result.rows[0].epochs_to_target->median, 2.0);
  EXPECT_DOUBLE_EQ(result.rows[1].seconds_to_target->median, 0.4);
  EXPECT_FALSE(result.rows[2].epochs_to_target.has_value());
  EXPECT_EQ(result.reason,
            "batch size 256 with adam at rate 0.001 on cpu reaches the target loss 1.01 (the best seen + 1 %) soonest, "
            "in 0.4 s (4 epochs of 0.1 s), 5 times as fast as the next, batch size 16 with adam at rate 0.001 on cpu");
}

TEST(EvaluateRows, CountsPartsOfEpochs) {
  TuneResult result;
  result.rows = {row_of(16, 2.0, {{3.0, 1.0}})};
  result.rows[0].runs[0].curve[1].step = 15;  // --max-steps
  evaluate_rows(result, 1.0);
  EXPECT_DOUBLE_EQ(result.rows[0].epochs_to_target->median, 1.5);
  EXPECT_DOUBLE_EQ(result.rows[0].seconds_to_target->median, 3.0);
}

TEST(EvaluateRows, TakesMediansOverSeeds) {
  TuneResult result;
  result.rows = {row_of(16, 1.0, {{1.0}, {2.0, 1.0}, {2.0, 2.0, 1.0}}),
                 row_of(32, 1.0, {{1.0}, {1.0}, {2.0}}),  // two of three
                 row_of(64, 1.0, {{1.0}, {2.0}, {2.0}}),  // one of three
                 row_of(128, 1.0, {{1.0}, {2.0}})};       // half is not enough
  evaluate_rows(result, 1.0);
  EXPECT_EQ(result.rows[0].epochs_to_target->median, 2.0);
  EXPECT_EQ(result.rows[0].epochs_to_target->low, 1.0);
  EXPECT_EQ(result.rows[0].epochs_to_target->high, 3.0);
  EXPECT_EQ(result.rows[1].epochs_to_target->median, 1.0);
  EXPECT_FALSE(result.rows[2].epochs_to_target.has_value());
  EXPECT_FALSE(result.rows[3].epochs_to_target.has_value());
  EXPECT_EQ(result.rows[3].n_reached, 1);
  EXPECT_EQ(result.recommended, 1);
}

TEST(EvaluateRows, SaysWhenSeedsOverlap) {
  TuneResult result;
  result.rows = {row_of(16, 1.0, {{1.0}, {1.0}, {2.0, 1.0}}), row_of(32, 1.5, {{1.0}, {1.0}, {1.0}})};
  evaluate_rows(result, 1.0);
  EXPECT_EQ(result.recommended, 0);
  EXPECT_EQ(result.reason,
            "batch size 16 with adam at rate 0.001 on cpu reaches the target loss 1 soonest, in 1 s (1 epochs of 1 s), "
            "1.5 times as fast as the next, batch size 32 with adam at rate 0.001 on cpu, though their seeds overlap");
}

TEST(EvaluateRows, TakesTheLowestLossWhereNoneReachesTheTarget) {
  TuneResult result;
  result.rows = {row_of(0, 1.0, {{3.0}}), row_of(16, 9.0, {{2.0}})};
  evaluate_rows(result, 1.0);
  EXPECT_EQ(result.recommended, 1);
  EXPECT_EQ(result.reason,
            "no row reaches the target loss, so the lowest loss decides: batch size 16 with adam at rate 0.001 on cpu "
            "with 2");
}

TEST(EvaluateRows, RecommendsFromWhatAnInterruptedTuningHas) {
  TuneResult result;
  result.interrupted = true;
  result.rows = {row_of(0, 0.0, {{3.0}}), row_of(16, 0.0, {{}})};
  evaluate_rows(result, std::nullopt);
  EXPECT_EQ(result.recommended, 0);
  EXPECT_EQ(result.reason,
            "no speed was measured, so the lowest loss decides: batch size all with adam at rate 0.001 on cpu with 3 "
            "(tuning was interrupted before all was measured)");
}

TEST(EvaluateRows, RecommendsNothingFromNothing) {
  TuneResult result;
  result.rows = {row_of(16, 1.0, {{}}), row_of(32, 1.0, {{std::nan("")}})};
  evaluate_rows(result, std::nullopt);
  EXPECT_FALSE(result.recommended.has_value());
  EXPECT_FALSE(result.target_loss.has_value());
  EXPECT_EQ(result.reason, "no recommendation: no run ended an epoch with a finite loss");
}

}  // namespace
}  // namespace slalom::tuning
