// SPDX-License-Identifier: Apache-2.0
// The training loop alone, over a backend whose losses are scripted.
#include <slalom/trainer.hpp>

#include <atomic>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "cpu/random_problem.hpp"
#include "train/fake_backend.hpp"
#include "train/start_members.hpp"

namespace slalom {
namespace {

using testing::expect_same_state;
using testing::FakeBackend;
using testing::random_data;

Dataset rows_of(std::int64_t n) {
  Dataset data;
  data.n_rows = n;
  return data;
}

TrainerConfig config_of(std::int64_t batch_size, std::int64_t epochs) {
  TrainerConfig config;
  config.batch_size = batch_size;
  config.epochs = epochs;
  return config;
}

double constant_loss(std::int64_t, std::int64_t, std::span<const std::uint32_t>) { return 1.0; }

class Recorder : public Observer {
 public:
  void on_progress(const Progress& progress) override { progresses.push_back(progress); }
  void on_epoch(const EpochReport& report) override { epochs.push_back(report); }
  std::vector<Progress> progresses;
  std::vector<EpochReport> epochs;
};

std::string message_of(const TrainerConfig& config) {
  try {
    validate(config);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(Trainer, WeightsTheLastShortBatchByItsRows) {
  FakeBackend backend(1, [](auto, auto, auto batch) { return static_cast<double>(batch.size()); });
  const TrainResult result = train(backend, rows_of(7), nullptr, config_of(3, 1), {}, {});
  ASSERT_EQ(result.members.at(0).epoch_losses.size(), 1U);
  EXPECT_DOUBLE_EQ(result.members[0].epoch_losses[0], (3.0 * 3.0 + 3.0 * 3.0 + 1.0 * 1.0) / 7.0);
  EXPECT_EQ(result.steps, 3);
  EXPECT_EQ(result.samples, 7);
}

TEST(Trainer, VisitsEveryRowOnceAnEpochInANewOrder) {
  constexpr std::int64_t kRows = 101;
  FakeBackend backend(1, constant_loss);
  (void)train(backend, rows_of(kRows), nullptr, config_of(4, 2), {}, {});
  const auto middle = backend.visited[0].begin() + kRows;
  const std::vector<std::uint32_t> first(backend.visited[0].begin(), middle), second(middle, backend.visited[0].end());
  EXPECT_EQ(std::set<std::uint32_t>(first.begin(), first.end()).size(), static_cast<std::size_t>(kRows));
  EXPECT_EQ(std::set<std::uint32_t>(second.begin(), second.end()).size(), static_cast<std::size_t>(kRows));
  EXPECT_NE(first, second);
}

TEST(Trainer, TakesAllRowsInOrderForBatchSizeAll) {
  FakeBackend backend(1, constant_loss);
  const TrainResult result = train(backend, rows_of(5), nullptr, config_of(0, 2), {}, {});
  EXPECT_EQ(result.steps, 2);
  EXPECT_EQ(backend.visited[0], (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 0, 1, 2, 3, 4}));
}

TEST(Trainer, MembersDependOnTheirStreamOnly) {
  for (const std::int64_t n : {17, 50000}) {  // the orders of many rows are drawn in parallel
    FakeBackend one(1, constant_loss), three(3, constant_loss);
    TrainerConfig config = config_of(4, 3);
    config.threads = 2;
    (void)train(one, rows_of(n), nullptr, config, {}, {});
    (void)train(three, rows_of(n), nullptr, config, {}, {});
    EXPECT_EQ(one.visited[0], three.visited[0]);
    EXPECT_NE(three.visited[0], three.visited[1]);
    EXPECT_NE(three.visited[1], three.visited[2]);
  }
}

TEST(Trainer, StopsInTheMiddleOfAnEpochAtMaxSteps) {
  FakeBackend backend(1, constant_loss);
  TrainerConfig config = config_of(2, 10);
  config.max_steps = 7;  // 5 steps an epoch
  Recorder recorder;
  Observer* const observers[] = {&recorder};
  const TrainResult result = train(backend, rows_of(10), nullptr, config, {}, observers);
  EXPECT_EQ(result.members.at(0).reason, StopReason::kSteps);
  EXPECT_EQ(result.steps, 7);
  EXPECT_EQ(result.samples, 14);
  ASSERT_EQ(recorder.epochs.size(), 2U);
  EXPECT_EQ(recorder.epochs[1].step, 7);
}

TEST(Trainer, ReturnsToTheBestParametersWhenTheValidationLossRises) {
  FakeBackend backend(1, constant_loss);
  backend.valid_losses = {5.0, 3.0, 4.0, 4.0, 1.0};
  TrainerConfig config = config_of(2, 10);
  config.patience = 2;
  const Dataset valid = rows_of(3);
  const TrainResult result = train(backend, rows_of(4), &valid, config, {}, {});
  EXPECT_EQ(result.members.at(0).reason, StopReason::kConverged);
  EXPECT_EQ(result.members[0].epochs, 4);
  EXPECT_EQ(result.members[0].best_epoch, 2);
  EXPECT_EQ(result.members[0].watched_loss, 3.0);
  EXPECT_EQ(backend.steps[0], 4);  // 2 steps an epoch
}

TEST(Trainer, ForeseesTheNextBlocks) {
  FakeBackend backend(2, constant_loss);
  TrainerConfig config = config_of(1, 3);
  config.schedule = {.kind = ScheduleKind::kCosine, .warmup_steps = 100};
  config.max_steps = 2500;  // several blocks an epoch, and an end in the middle of one
  (void)train(backend, rows_of(1000), nullptr, config, {}, {});
  EXPECT_GT(backend.n_runs, 3);
  EXPECT_EQ(backend.n_foreseen, backend.n_runs - 1);
}

TEST(Trainer, DoesTheSameForABackendThatDoesNotLookAhead) {
  std::vector<MemberPlan> plans;
  for (const std::int64_t batch : {1, 7, 300, 0}) {
    plans.push_back({.trainer = config_of(batch, 4), .stream = static_cast<std::uint32_t>(batch)});
    plans.back().trainer.schedule = {.kind = ScheduleKind::kCosine, .warmup_steps = 9};
  }
  plans[1].trainer.shuffle = false;
  plans[2].trainer.max_steps = 6;
  plans[3].rows.train_rows = {5, 3, 9};
  const auto loss = [](std::int64_t member, std::int64_t step, std::span<const std::uint32_t> batch) {
    const double value = 1.0 + static_cast<double>(batch.front()) / static_cast<double>(step + 1);
    // At the end of an epoch, where a block ends however fast the machine is: the fake notes whole blocks.
    return member == 0 && step == 9999 ? std::numeric_limits<double>::quiet_NaN() : value;
  };
  FakeBackend ahead(4, loss), after_another(4, loss);
  after_another.ahead = false;
  const TrainResult expected = train(ahead, rows_of(5000), nullptr, plans, {});
  const TrainResult found = train(after_another, rows_of(5000), nullptr, plans, {});
  EXPECT_EQ(after_another.n_runs, 0) << "it was told of its blocks ahead";
  ASSERT_GT(ahead.visited[0].size(), 5000U);
  for (std::size_t m = 0; m < plans.size(); ++m) {
    SCOPED_TRACE(m);
    EXPECT_EQ(after_another.visited[m], ahead.visited[m]);
    EXPECT_EQ(after_another.rates[m], ahead.rates[m]);
    EXPECT_EQ(found.members[m].epoch_losses, expected.members[m].epoch_losses);
    EXPECT_EQ(found.members[m].steps, expected.members[m].steps);
    EXPECT_EQ(found.members[m].reason, expected.members[m].reason);
  }
}

/// Members with orders of their own, which threads draw into memory that they lend one another.
TEST(Trainer, MembersOfAPopulationDoWhatEachDoesAlone) {
  ModelSpec spec;
  spec.n_features = 3;
  const Dataset data = random_data(spec, 400);
  std::vector<MemberPlan> plans;
  std::vector<MemberConfig> members;
  for (std::uint32_t m = 0; m < 12; ++m) {
    plans.push_back({.trainer = config_of(8, 40), .stream = m});
    plans.back().rows.train_rows.resize(60 + 25 * m);
    std::iota(plans.back().rows.train_rows.begin(), plans.back().rows.train_rows.end(), m);
    members.push_back({.stream = m});
  }
  for (const int threads : {1, 3}) {
    SCOPED_TRACE(std::to_string(threads) + " threads");
    const auto together = make_backend(DeviceKind::kCpu, spec, data, members, {.threads = threads});
    training::start_members(*together, members);
    const TrainResult result = train(*together, data, nullptr, plans, {});
    for (std::size_t m = 0; m < plans.size(); ++m) {
      SCOPED_TRACE(m);
      const std::span<const MemberConfig> member(&members[m], 1);
      const auto alone = make_backend(DeviceKind::kCpu, spec, data, member, {.threads = 1});
      training::start_members(*alone, member);
      const TrainResult expected = train(*alone, data, nullptr, std::span(&plans[m], 1), {});
      EXPECT_EQ(result.members[m].epoch_losses, expected.members[0].epoch_losses);
      expect_same_state(together->export_state(static_cast<std::int64_t>(m)), alone->export_state(0));
    }
  }
}

TEST(Trainer, GoesOnWhereTheForeseenBlocksAreWrong) {
  FakeBackend backend(2, [](std::int64_t member, auto, auto) { return static_cast<double>(member); });
  TrainerConfig config = config_of(0, 6);
  config.optimizer.learning_rate = 1.0;
  config.schedule = {.kind = ScheduleKind::kPlateau, .factor = 0.5, .plateau_patience = 1};
  (void)train(backend, rows_of(3), nullptr, config, {}, {});
  const std::vector<double> expected{1.0, 1.0, 1.0, 0.5, 0.5, 0.25};
  EXPECT_EQ(backend.rates[0], expected);
  EXPECT_EQ(backend.rates[1], expected);
  EXPECT_LT(backend.n_foreseen, backend.n_runs - 1);
}

TEST(Trainer, KeepsTheValidationSet) {
  FakeBackend backend(1, constant_loss);
  backend.valid_losses = {1.0};
  const Dataset valid = rows_of(3);
  (void)train(backend, rows_of(4), &valid, config_of(2, 1), {}, {});
  EXPECT_EQ(backend.kept, (std::vector<const Dataset*>{&valid}));
}

TEST(Trainer, IgnoresProgressBelowTheTolerance) {
  FakeBackend backend(1, [](auto, std::int64_t step, auto) { return 1.0 - 0.01 * static_cast<double>(step); });
  TrainerConfig config = config_of(0, 50);
  config.patience = 3;
  config.tolerance = 0.5;
  const TrainResult result = train(backend, rows_of(4), nullptr, config, {}, {});
  EXPECT_EQ(result.members.at(0).reason, StopReason::kConverged);
  EXPECT_EQ(result.members[0].epochs, 4);
}

TEST(Trainer, MembersThatStoppedRestWhileOthersGoOn) {
  FakeBackend backend(2, [](std::int64_t member, std::int64_t step, auto) {
    return member == 0 ? 1.0 : 1.0 / static_cast<double>(step + 1);
  });
  TrainerConfig config = config_of(0, 6);
  config.patience = 1;
  const TrainResult result = train(backend, rows_of(4), nullptr, config, {}, {});
  EXPECT_EQ(result.members.at(0).epochs, 2);
  EXPECT_EQ(result.members.at(1).epochs, 6);
  EXPECT_EQ(result.best_member, 1);
  EXPECT_EQ(result.steps, 8);
}

TEST(Trainer, TrainsEachMemberOnItsOwnRows) {
  FakeBackend backend(2, constant_loss);
  const std::vector<MemberRows> rows{{{0, 2, 4}, {}}, {{1, 3}, {}}};
  (void)train(backend, rows_of(5), nullptr, config_of(2, 1), rows, {});
  EXPECT_EQ(std::set<std::uint32_t>(backend.visited[0].begin(), backend.visited[0].end()),
            (std::set<std::uint32_t>{0, 2, 4}));
  EXPECT_EQ(std::set<std::uint32_t>(backend.visited[1].begin(), backend.visited[1].end()),
            (std::set<std::uint32_t>{1, 3}));
}

TEST(Trainer, NamesStepEpochAndRateOfADivergence) {
  FakeBackend backend(
      1, [](auto, std::int64_t step, auto) { return step == 11 ? std::numeric_limits<double>::quiet_NaN() : 1.0; });
  TrainerConfig config = config_of(2, 10);
  config.optimizer.learning_rate = 10.0;
  config.guard.on = false;
  try {
    (void)train(backend, rows_of(10), nullptr, config, {}, {});
    FAIL() << "no error";
  } catch (const DataError& error) {
    const std::string message = error.what();
    EXPECT_NE(message.find("at step 12 (epoch 3) with learning rate 10"), std::string::npos) << message;
    EXPECT_NE(message.find("--lr"), std::string::npos) << message;
  }
}

TEST(Trainer, ADivergedMemberLeavesTheOthersAlone) {
  FakeBackend backend(3, [](std::int64_t member, std::int64_t step, auto) {
    return member == 0 && step == 3 ? std::numeric_limits<double>::quiet_NaN() : 5.0 - static_cast<double>(member);
  });
  backend.valid_losses = std::vector<double>(100, 1.0);
  Recorder recorder;
  Observer* const observers[] = {&recorder};
  TrainerConfig config = config_of(5, 4);
  config.guard.on = false;
  const TrainResult result = train(backend, rows_of(10), nullptr, config, {}, observers);
  EXPECT_EQ(result.members[0].reason, StopReason::kDiverged);
  EXPECT_EQ(result.members[0].epochs, 1);
  EXPECT_NE(result.members[0].divergence.find("at step 4 (epoch 2)"), std::string::npos)
      << result.members[0].divergence;
  EXPECT_EQ(result.members[1].epochs, 4);
  EXPECT_EQ(result.members[2].epochs, 4);
  EXPECT_EQ(result.best_member, 2);
  EXPECT_EQ(recorder.epochs.size(), 9U);
}

TEST(Trainer, ADivergedMemberIsNeverTheBest) {
  FakeBackend backend(2, [](std::int64_t member, std::int64_t step, auto) {
    return member == 0 && step == 2 ? std::numeric_limits<double>::infinity() : 1.0 + static_cast<double>(member);
  });
  EXPECT_EQ(train(backend, rows_of(4), nullptr, config_of(0, 5), {}, {}).best_member, 1);
}

TEST(Trainer, NoticesWhatTheVeryLastUpdateDid) {
  FakeBackend backend(1, constant_loss);
  backend.last_parameters = {std::numeric_limits<double>::infinity()};
  TrainerConfig config = config_of(5, 2);
  config.optimizer.learning_rate = 7.0;
  config.guard.on = false;
  try {
    (void)train(backend, rows_of(10), nullptr, config, {}, {});
    FAIL() << "no error";
  } catch (const DivergenceError& error) {
    EXPECT_STREQ(error.what(),
                 "training diverged: the parameters stopped being finite at step 4 (epoch 2) with "
                 "learning rate 7; use a smaller --lr, --clip-norm, or scale the features");
  }
}

TEST(Trainer, PlateauLowersTheRate) {
  FakeBackend backend(1, constant_loss);
  TrainerConfig config = config_of(0, 4);
  config.optimizer.learning_rate = 1.0;
  config.schedule.kind = ScheduleKind::kPlateau;
  config.schedule.plateau_patience = 1;
  config.schedule.factor = 0.5;
  (void)train(backend, rows_of(3), nullptr, config, {}, {});
  EXPECT_EQ(backend.rates[0], (std::vector<double>{1.0, 1.0, 1.0, 0.5}));
}

TEST(Trainer, FinishesTheBlockWhenAskedToStop) {
  FakeBackend backend(1, constant_loss);
  const std::atomic<bool> stop{true};
  const TrainResult result = train(backend, rows_of(6), nullptr, config_of(2, 100), {}, {}, &stop);
  EXPECT_EQ(result.members.at(0).reason, StopReason::kInterrupted);
  EXPECT_EQ(result.steps, 3);
}

TEST(Trainer, StopsAtTheTimeLimit) {
  FakeBackend backend(1, constant_loss);
  TrainerConfig config = config_of(2, 1000000);
  config.max_seconds = 1e-9;
  const TrainResult result = train(backend, rows_of(6), nullptr, config, {}, {});
  EXPECT_EQ(result.members.at(0).reason, StopReason::kTime);
  EXPECT_EQ(result.steps, 1);  // however slow a step is, the first block is no longer
}

TEST(Trainer, RefusesAnEmptyTrainingSet) {
  FakeBackend backend(1, constant_loss);
  EXPECT_THROW((void)train(backend, rows_of(0), nullptr, config_of(2, 1), {}, {}), DataError);
}

TEST(TrainerConfig, NamesTheFlagThatIsOutOfRange) {
  TrainerConfig config;
  EXPECT_EQ(message_of(config), "");
  config.batch_size = -1;
  EXPECT_EQ(message_of(config), "--batch-size: found -1, expected a number >= 1 or all");
  config = {};
  config.epochs = 0;
  EXPECT_EQ(message_of(config), "--epochs: found 0, expected a number >= 1");
  config = {};
  config.tolerance = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message_of(config), "--tol: found nan, expected a number >= 0");
}

}  // namespace
}  // namespace slalom
