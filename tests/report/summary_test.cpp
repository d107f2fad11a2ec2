// SPDX-License-Identifier: Apache-2.0
// The summary of a run as JSON.
#include "report/summary.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace slalom::report {
namespace {

JobResult result_of_one_member() {
  JobResult result;
  result.model.spec.kind = ModelKind::kLinear;
  result.training.seconds = 2.0;
  result.training.samples = 1000;
  result.training.steps = 100;
  MemberOutcome member;
  member.result.epochs = 4;
  member.result.steps = 100;
  member.result.epoch_losses = {3.0, 2.0, 1.5, 1.25};
  member.train.rows = 250;
  member.train.mse = 1.0;
  member.train.r2 = std::numeric_limits<double>::quiet_NaN();
  result.members = {member};
  return result;
}

TEST(SummaryJson, HasTheDocumentedKeys) {
  const auto json = nlohmann::json::parse(summary_json(result_of_one_member(), 7));
  EXPECT_EQ(json.at("model"), "linear");
  EXPECT_EQ(json.at("device"), "cpu");
  EXPECT_EQ(json.at("seed"), 7);
  EXPECT_EQ(json.at("epochs"), 4);
  EXPECT_EQ(json.at("steps"), 100);
  EXPECT_EQ(json.at("seconds_per_epoch"), 0.5);
  EXPECT_EQ(json.at("us_per_step"), 2e4);
  EXPECT_EQ(json.at("samples_per_second"), 500.0);
  EXPECT_EQ(json.at("train_loss"), 1.25);
  EXPECT_EQ(json.at("train").at("mse"), 1.0);
  EXPECT_FALSE(json.contains("valid"));
}

TEST(SummaryJson, WritesNumbersThatAreNotFiniteAsNull) {
  const auto json = nlohmann::json::parse(summary_json(result_of_one_member(), 7));
  EXPECT_TRUE(json.at("train").at("r2").is_null());
}

TEST(SummaryJson, PutsValidationBesideTraining) {
  JobResult result = result_of_one_member();
  result.members[0].valid = Metrics{};
  result.members[0].valid->mse = 2.5;
  const auto json = nlohmann::json::parse(summary_json(result, 7));
  EXPECT_EQ(json.at("valid").at("mse"), 2.5);
}

MemberOutcome fold_of(double mse) {
  MemberOutcome fold;
  fold.valid = Metrics{};
  fold.valid->mse = mse;
  return fold;
}

TEST(SummaryJson, GivesMeanAndSpreadOverTheFolds) {
  JobResult result = result_of_one_member();
  result.folds = {fold_of(1.0), fold_of(2.0), fold_of(6.0)};
  const auto cross = nlohmann::json::parse(summary_json(result, 7)).at("cross_validation");
  EXPECT_EQ(cross.at("folds"), 3);
  EXPECT_DOUBLE_EQ(cross.at("mse").at("mean").get<double>(), 3.0);
  EXPECT_DOUBLE_EQ(cross.at("mse").at("std").get<double>(), std::sqrt(7.0));  // of the sample: n - 1
  EXPECT_EQ(cross.at("members").size(), 3U);
}

TEST(SummaryJson, LeavesOutAFoldWithoutValidationRows) {
  JobResult result = result_of_one_member();
  result.folds = {MemberOutcome{}, fold_of(2.0), fold_of(6.0)};
  const auto cross = nlohmann::json::parse(summary_json(result, 7)).at("cross_validation");
  EXPECT_DOUBLE_EQ(cross.at("mse").at("mean").get<double>(), 4.0);
  EXPECT_FALSE(cross.at("members").at(0).contains("valid"));
  result.folds = {MemberOutcome{}};
  EXPECT_FALSE(nlohmann::json::parse(summary_json(result, 7)).at("cross_validation").contains("mse"));
}

TEST(SummaryTable, NamesTheEpochThatEarlyStoppingReturnedTo) {
  JobResult result = result_of_one_member();
  result.members[0].result.reason = StopReason::kConverged;
  result.members[0].result.best_epoch = 2;
  const std::string early = summary_table(result, "nothing");
  EXPECT_NE(early.find("4 epochs, 100 steps (no more progress; the model is that of epoch 2) in 2 s"),
            std::string::npos)
      << early;
  result.members[0].result.best_epoch = 4;
  const std::string last = summary_table(result, "nothing");
  EXPECT_NE(last.find("4 epochs, 100 steps (no more progress) in 2 s"), std::string::npos) << last;
}

TEST(SummaryTable, EndsWithWhatBoundTheRunAndHasNoTrailingBlanks) {
  const std::string table = summary_table(result_of_one_member(), "step latency");
  EXPECT_TRUE(table.ends_with("\nbound by step latency\n")) << table;
  EXPECT_EQ(table.find(" \n"), std::string::npos) << table;
}

TEST(SummaryTable, SaysWhichRestartsDiverged) {
  JobResult result = result_of_one_member();
  result.members.push_back(result.members[0]);
  result.members[1].result.reason = StopReason::kDiverged;
  const std::string table = summary_table(result, "nothing");
  EXPECT_NE(table.find("2            diverged\n"), std::string::npos) << table;
}

TEST(MetricsJson, HoldsTheConfusionMatrixByRows) {
  Metrics metrics;
  metrics.n_classes = 2;
  metrics.confusion = {1, 2, 3, 4};
  const auto json = nlohmann::json::parse(metrics_json(metrics));
  EXPECT_EQ(json.at("confusion"), nlohmann::json::parse("[[1,2],[3,4]]"));
}

}  // namespace
}  // namespace slalom::report
