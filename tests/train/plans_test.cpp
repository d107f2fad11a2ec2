// SPDX-License-Identifier: Apache-2.0
// Members with plans of their own, and judges that give up on some, over a backend whose losses are scripted.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/trainer.hpp>

#include "support/message_of.hpp"
#include "train/fake_backend.hpp"

namespace slalom {
namespace {

using testing::FakeBackend;

constexpr std::int64_t kRows = 1000;

Dataset thousand_rows() {
  Dataset data;
  data.n_rows = kRows;
  return data;
}

MemberPlan plan_of(std::int64_t batch_size, std::int64_t epochs, std::uint64_t seed = 1) {
  MemberPlan plan;
  plan.trainer.batch_size = batch_size;
  plan.trainer.epochs = epochs;
  plan.trainer.seed = seed;
  return plan;
}

double constant_loss(std::int64_t, std::int64_t, std::span<const std::uint32_t>) { return 1.0; }

/// Remembers the epoch of every report and gives up on chosen members after chosen epochs.
class ScriptedJudge : public Judge {
 public:
  std::vector<std::int64_t> give_up(std::span<const EpochReport> reports) override {
    std::vector<std::int64_t> stopped;
    std::vector<std::int64_t> members;
    for (const EpochReport& report : reports) {
      EXPECT_EQ(report.epoch, static_cast<std::int64_t>(rounds.size()) + 1);
      members.push_back(report.member);
      if (report.member < static_cast<std::int64_t>(last_epoch.size()) &&
          report.epoch == last_epoch[static_cast<std::size_t>(report.member)]) {
        stopped.push_back(report.member);
      }
    }
    std::sort(members.begin(), members.end());
    rounds.push_back(members);
    return stopped;
  }
  std::vector<std::int64_t> last_epoch;           ///< of each member
  std::vector<std::vector<std::int64_t>> rounds;  ///< members reported in each
};

TEST(Plans, GiveEveryMemberWhatItGetsAlone) {
  std::vector<MemberPlan> plans{plan_of(1, 3), plan_of(7, 2, 5), plan_of(0, 4), plan_of(64, 3), plan_of(64, 3)};
  plans[3].trainer.schedule = {.kind = ScheduleKind::kCosine, .warmup_steps = 3};
  plans[4].stream = 9;
  plans[4].trainer.max_steps = 21;  // in the second epoch
  for (const bool judged : {false, true}) {
    ScriptedJudge judge;
    FakeBackend together(5, constant_loss);
    (void)train(together, thousand_rows(), nullptr, plans, {}, nullptr, judged ? &judge : nullptr);
    for (std::size_t m = 0; m < plans.size(); ++m) {
      FakeBackend alone(1, constant_loss);
      (void)train(alone, thousand_rows(), nullptr, std::span(plans).subspan(m, 1), {});
      EXPECT_EQ(together.visited[m], alone.visited[0]) << m;
      EXPECT_EQ(together.rates[m], alone.rates[0]) << m;
    }
  }
}

TEST(Plans, OfOneSettingAreThePopulationOfThatSetting) {
  FakeBackend by_config(2, constant_loss), by_plans(2, constant_loss);
  std::vector<MemberPlan> plans{plan_of(10, 2), plan_of(10, 2)};
  plans[1].stream = 1;
  (void)train(by_config, thousand_rows(), nullptr, plans[0].trainer, {}, {});
  (void)train(by_plans, thousand_rows(), nullptr, plans, {});
  EXPECT_EQ(by_config.visited, by_plans.visited);
}

TEST(Plans, TrainOnTheirOwnRows) {
  std::vector<MemberPlan> plans{plan_of(0, 1), plan_of(0, 1)};
  plans[1].rows.train_rows = {3, 8};
  FakeBackend backend(2, constant_loss);
  (void)train(backend, thousand_rows(), nullptr, plans, {});
  EXPECT_EQ(backend.visited[0].size(), static_cast<std::size_t>(kRows));
  EXPECT_EQ(backend.visited[1], (std::vector<std::uint32_t>{3, 8}));
}

TEST(Plans, MustBeAsManyAsMembers) {
  FakeBackend backend(2, constant_loss);
  const std::vector<MemberPlan> plans{plan_of(1, 1)};
  EXPECT_EQ(testing::message_of([&] { (void)train(backend, thousand_rows(), nullptr, plans, {}); }),
            "internal error: plans for 1 members, expected 2");
}

TEST(Plans, AreValidatedOneByOne) {
  FakeBackend backend(2, constant_loss);
  const std::vector<MemberPlan> plans{plan_of(1, 1), plan_of(1, 0)};
  EXPECT_EQ(testing::message_of<UsageError>([&] { (void)train(backend, thousand_rows(), nullptr, plans, {}); }),
            "--epochs: found 0, expected a number >= 1");
}

TEST(Judges, SeeMembersOfAllBatchSizesAtTheSameEpoch) {
  const std::vector<MemberPlan> plans{plan_of(1, 3), plan_of(999, 3), plan_of(0, 2)};
  FakeBackend backend(3, constant_loss);
  ScriptedJudge judge;
  (void)train(backend, thousand_rows(), nullptr, plans, {}, nullptr, &judge);
  EXPECT_EQ(judge.rounds, (std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {0, 1, 2}, {0, 1}}));
}

TEST(Judges, GiveUpMembersAtTheEndOfAnEpoch) {
  const std::vector<MemberPlan> plans{plan_of(3, 4), plan_of(50, 4), plan_of(0, 4)};
  FakeBackend backend(3, constant_loss);
  ScriptedJudge judge;
  judge.last_epoch = {2, 99, 1};
  const TrainResult result = train(backend, thousand_rows(), nullptr, plans, {}, nullptr, &judge);
  EXPECT_EQ(judge.rounds, (std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {0, 1}, {1}, {1}}));
  EXPECT_EQ(result.members[0].reason, StopReason::kGivenUp);
  EXPECT_EQ(result.members[1].reason, StopReason::kEpochs);
  EXPECT_EQ(result.members[2].reason, StopReason::kGivenUp);
  EXPECT_EQ(backend.visited[0].size(), static_cast<std::size_t>(2 * kRows));
  EXPECT_EQ(backend.visited[2].size(), static_cast<std::size_t>(kRows));
}

TEST(Judges, GoOnWithoutMembersThatDiverge) {
  const std::vector<MemberPlan> plans{plan_of(10, 2), plan_of(100, 2)};
  FakeBackend backend(
      2, [](std::int64_t member, std::int64_t step, auto) { return member == 0 && step == 30 ? std::nan("") : 1.0; });
  ScriptedJudge judge;
  const TrainResult result = train(backend, thousand_rows(), nullptr, plans, {}, nullptr, &judge);
  EXPECT_EQ(judge.rounds, (std::vector<std::vector<std::int64_t>>{{1}, {1}}));
  EXPECT_EQ(result.members[0].reason, StopReason::kDiverged);
}

TEST(Judges, LeaveTheForesightOfBlocksRight) {
  const std::vector<MemberPlan> plans{plan_of(1, 3), plan_of(3, 3), plan_of(500, 3), plan_of(0, 3)};
  FakeBackend backend(4, constant_loss);
  ScriptedJudge judge;
  (void)train(backend, thousand_rows(), nullptr, plans, {}, nullptr, &judge);
  EXPECT_GT(backend.n_runs, 3);
  EXPECT_EQ(backend.n_foreseen, backend.n_runs - 1);
}

}  // namespace
}  // namespace slalom
