// SPDX-License-Identifier: Apache-2.0
// The JSON lines of a run.
#include "report/metrics_log.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

namespace slalom::report {
namespace {

TEST(MetricsLog, WritesOneFlushedObjectAnEpoch) {
  const std::string path = ::testing::TempDir() + "slalom_metrics_log_test.jsonl";
  MetricsLog log(path);
  EpochReport report{};
  report.epoch = 2;
  report.step = 14;
  report.learning_rate = 0.5;
  report.train_loss = 1.25;
  report.valid = Metrics{};
  report.valid->loss = std::numeric_limits<double>::infinity();
  report.valid->accuracy = 0.75;
  log.on_epoch(report);

  std::ifstream file(path);  // while the log is still open: every line is flushed
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json.at("event"), "epoch");
  EXPECT_EQ(json.at("member"), 0);
  EXPECT_EQ(json.at("epoch"), 2);
  EXPECT_EQ(json.at("step"), 14);
  EXPECT_EQ(json.at("lr"), 0.5);
  EXPECT_EQ(json.at("train_loss"), 1.25);
  EXPECT_EQ(json.at("valid").at("accuracy"), 0.75);
  EXPECT_TRUE(json.at("valid").at("loss").is_null());
  EXPECT_TRUE(json.contains("seconds"));
  EXPECT_TRUE(json.contains("samples_per_second"));
  EXPECT_FALSE(std::getline(file, line));
}

TEST(MetricsLog, WritesWhatTheGuardDid) {
  const std::string path = ::testing::TempDir() + "guard_log_test.jsonl";
  MetricsLog log(path);
  log.on_guard({.member = 2,
                .trouble = Trouble::kNotFinite,
                .step = 7,
                .loss = std::numeric_limits<double>::quiet_NaN(),
                .good_step = 3});
  std::ifstream file(path);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  const auto json = nlohmann::json::parse(line);
  EXPECT_EQ(json.at("event"), "guard");
  EXPECT_EQ(json.at("member"), 2);
  EXPECT_EQ(json.at("what"), "the loss stopped being finite");
  EXPECT_EQ(json.at("step"), 7);
  EXPECT_EQ(json.at("good_step"), 3);
  EXPECT_TRUE(json.at("loss").is_null());
  std::filesystem::remove(path);
}

TEST(MetricsLog, RefusesAPathThatCannotBeCreated) {
  EXPECT_THROW(MetricsLog("/nonexistent/folder/run.jsonl"), OutputError);
}

TEST(MetricsLog, ReportsAFullDisk) {
  if (!std::ofstream("/dev/full")) GTEST_SKIP() << "no /dev/full on this machine";
  MetricsLog log("/dev/full");
  EXPECT_THROW(log.on_epoch(EpochReport{}), OutputError);
}

/// The epochs that the lines of `path` are of, member by member: "0:1 0:2".
std::string epochs_in(const std::string& path) {
  std::ifstream file(path);
  std::string text;
  for (std::string line; std::getline(file, line);) {
    const auto json = nlohmann::json::parse(line);
    text += (text.empty() ? "" : " ") + json.at("member").dump() + ":" + json.at("epoch").dump();
  }
  return text;
}

TEST(MetricsLog, GoesOnAfterTheEpochsOfACheckpoint) {
  const std::string path = ::testing::TempDir() + "slalom_metrics_log_resume_test.jsonl";
  const auto report = [](MetricsLog& log, std::int64_t member, std::int64_t epoch) {
    EpochReport of{};
    of.member = member;
    of.epoch = epoch;
    log.on_epoch(of);
  };
  {
    MetricsLog log(path);
    for (const std::int64_t epoch : {1, 2, 3}) {
      report(log, 0, epoch);
      report(log, 1, epoch);
    }
  }
  std::ofstream(path, std::ios::app) << R"({"event":"epoch","member":0,"epo)";  // killed while it wrote
  MetricsLog log(path, true);
  log.on_resume(0, 1);
  EXPECT_EQ(epochs_in(path), "0:1 1:1 1:2 1:3");
  log.on_resume(1, 2);
  report(log, 0, 2);
  EXPECT_EQ(epochs_in(path), "0:1 1:1 1:2 0:2");
}

}  // namespace
}  // namespace slalom::report
