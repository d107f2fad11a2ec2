// SPDX-License-Identifier: Apache-2.0
// What a log's entries come to: epochs thrown away by the guard, runs that go on or begin anew, and what is no log.
#include "report/run_record.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "support/message_of.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;

Json epoch(int number, double loss, int member = 0) {
  return {{"event", "epoch"}, {"member", member}, {"epoch", number}, {"step", 10 * number}, {"train_loss", loss}};
}

Json run() { return {{"event", "run"}, {"format", 1}, {"member_noun", "restart"}, {"first_member", 1}}; }

std::vector<double> losses(const RunRecord& record, int member = 0) {
  std::vector<double> values;
  for (const RunRecord::Epoch& of : record.members.at(member).epochs) values.push_back(of.train_loss);
  return values;
}

TEST(RunRecord, MarksWhatTheGuardThrewAway) {
  RunRecord record;
  record.add(run());
  for (int i = 1; i <= 4; ++i) record.add(epoch(i, i));
  record.add({{"event", "guard"}, {"member", 0}, {"what", "the loss exploded"}, {"epoch", 5}, {"good_epoch", 3}});
  record.add(epoch(3, 9.0));
  std::vector<std::int64_t> pieces;
  for (const RunRecord::Epoch& of : record.members.at(0).epochs) pieces.push_back(of.piece);
  EXPECT_EQ(pieces, (std::vector<std::int64_t>{0, 0, 1, 1, 0}));
  EXPECT_EQ(record.members.at(0).guards.at(0).text.find("the loss exploded in epoch 5"), 0U);
}

TEST(RunRecord, TellsTheThroughputOfEachEpoch) {
  const auto timed = [](int number, double seconds, double mean) {
    Json entry = epoch(number, 1.0);
    entry["seconds"] = seconds;
    entry["samples_per_second"] = mean;  // since the beginning, as the log has it
    return entry;
  };
  const auto speeds = [](const RunRecord& record) {
    std::vector<double> values;
    for (const RunRecord::Epoch& of : record.members.at(0).epochs) values.push_back(of.samples_per_second);
    return values;
  };
  RunRecord record;
  record.add(run());
  record.add(timed(1, 2.0, 50.0));   // 100 rows
  record.add(timed(2, 3.0, 100.0));  // 200 more in a second
  record.add(timed(3, 3.0, 100.0));  // no time went by: the log's own
  EXPECT_EQ(speeds(record), (std::vector<double>{50.0, 200.0, 100.0}));
  record.add(run());  // begun anew
  record.add(timed(1, 9.0, 40.0));
  EXPECT_EQ(speeds(record), std::vector<double>{40.0});
}

TEST(RunRecord, GoesOnWhereARunWasResumed) {
  RunRecord record;
  record.add(run());
  for (int i = 1; i <= 5; ++i) record.add(epoch(i, i));
  record.add({{"event", "result"}, {"interrupted", true}});
  record.add(run());
  record.add({{"event", "resume"}, {"member", 0}, {"epochs", 3}});
  record.add(epoch(4, 40.0));
  EXPECT_EQ(losses(record), (std::vector<double>{1, 2, 3, 40}));
  EXPECT_EQ(record.members.at(0).resumed_after, 3.0);
  EXPECT_TRUE(record.result.is_null());  // that of the first process is over
}

TEST(RunRecord, ForgetsARunThatWasBegunAnew) {
  RunRecord record;
  record.add(run());
  for (int i = 1; i <= 5; ++i) record.add(epoch(i, i));
  record.add(run());
  record.add(epoch(1, 7.0));
  EXPECT_EQ(losses(record), std::vector<double>{7});
}

TEST(RunRecord, KnowsItsMembers) {
  RunRecord record;
  record.add(run());
  record.add(epoch(1, 1.0, 0));
  record.add(epoch(1, 2.0, 1));
  record.add({{"event", "result"}, {"chosen", 1}});
  EXPECT_EQ(record.chosen(), 1);
  EXPECT_EQ(record.member_name(1), "restart 2");
  EXPECT_FALSE(record.is_tuning());
}

TEST(RunRecord, TakesWrongKindsForMissing) {
  RunRecord record;
  record.add({{"event", "epoch"}, {"member", 0}, {"epoch", "one"}, {"train_loss", nullptr}, {"valid", 3}});
  EXPECT_TRUE(std::isnan(record.members.at(0).epochs.at(0).epoch));
  EXPECT_TRUE(std::isnan(record.members.at(0).epochs.at(0).valid_loss));
  record.add({{"event", "result"}, {"chosen", "best"}, {"summary", Json::array()}});
  EXPECT_EQ(record.chosen(), 0);
}

TEST(RunRecord, RefusesImpossibleMembersAndNewerFormats) {
  RunRecord record;
  EXPECT_EQ(testing::message_of<DataError>([&] {
              record.add({{"event", "epoch"}, {"member", 1e9}});
            }),
            "found the member 1000000000.0, expected a number from 0 to 9999");
  EXPECT_EQ(testing::message_of<DataError>([&] {
              record.add({{"event", "run"}, {"format", 2}});
            }),
            "found a log of format 2, expected at most 1: a newer slalom wrote it");
  EXPECT_THROW(record.add(Json::array()), DataError);
}

}  // namespace
}  // namespace slalom::report
