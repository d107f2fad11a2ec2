// SPDX-License-Identifier: Apache-2.0
// What the guard does when, over a backend whose losses are scripted.
#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>
#include <slalom/trainer.hpp>

#include "support/message_of.hpp"
#include "train/fake_backend.hpp"
#include "train/guard.hpp"
#include "train/loss_watch.hpp"

namespace slalom {
namespace {

using testing::FakeBackend;
using training::LossWatch;
using training::MemberRun;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kFar = 2.0 * LossWatch::kFactor;

Dataset rows_of(std::int64_t n) {
  Dataset data;
  data.n_rows = n;
  return data;
}

/// A loss by step and learning rate.
using RatedLoss = std::function<double(std::int64_t step, double rate)>;

/// A fake backend whose losses depend on the rates, too.
class RatedBackend : public FakeBackend {
 public:
  RatedBackend(std::int64_t n_members, RatedLoss loss)
      : FakeBackend(n_members,
                    [this, loss](std::int64_t member, std::int64_t step, auto) {
                      const auto m = static_cast<std::size_t>(member);
                      return loss(step, rates[m][calls_[m]++]);
                    }),
        calls_(static_cast<std::size_t>(n_members)) {}

 private:
  std::vector<std::size_t> calls_;
};

/// 10 steps an epoch over 100 rows.
TrainerConfig config_of(double rate, std::int64_t epochs) {
  TrainerConfig config;
  config.batch_size = 10;
  config.epochs = epochs;
  config.optimizer.learning_rate = rate;
  return config;
}

class Recorder : public Observer {
 public:
  void on_epoch(const EpochReport& report) override { epochs.push_back(report.epoch); }
  void on_guard(const GuardEvent& event) override { events.push_back(event); }
  std::vector<std::int64_t> epochs;
  std::vector<GuardEvent> events;
};

TrainResult run(FakeBackend& backend, const TrainerConfig& config, Recorder* recorder = nullptr) {
  Observer* const observers[] = {recorder};
  const std::span<Observer* const> all = recorder != nullptr ? observers : std::span<Observer* const>{};
  return train(backend, rows_of(100), nullptr, config, {}, all);
}

/// `bad` from step `first` on as long as the rate is above 0.5, else 1.
RatedLoss bad_from(std::int64_t first, double bad) {
  return [first, bad](std::int64_t step, double rate) { return step >= first && rate > 0.5 ? bad : 1.0; };
}

TEST(Guard, GoesBackToTheLastGoodStateWithALowerRate) {
  RatedBackend backend(1, bad_from(103, kNan));
  Recorder recorder;
  const TrainResult result = run(backend, config_of(1.0, 30), &recorder);
  ASSERT_EQ(recorder.events.size(), 1U);
  const GuardEvent& event = recorder.events[0];
  EXPECT_EQ(event.trouble, Trouble::kNotFinite);
  EXPECT_EQ(event.step, 104);
  EXPECT_EQ(event.epoch, 11);
  EXPECT_EQ(event.good_step, 70);  // the end of the epoch that passed 64 steps
  EXPECT_EQ(event.good_epoch, 8);
  EXPECT_EQ(event.best, 1.0);
  EXPECT_EQ(event.old_rate, 1.0);
  EXPECT_DOUBLE_EQ(event.new_rate, 0.1);
  EXPECT_EQ(event.retry, 1);
  EXPECT_EQ(event.retries, 3);
  EXPECT_EQ(result.members[0].reason, StopReason::kEpochs);
  EXPECT_EQ(result.members[0].epochs, 30);
  EXPECT_EQ(result.members[0].steps, 300);
  EXPECT_EQ(result.members[0].epoch_losses.size(), 30U);
  ASSERT_EQ(result.members[0].guard.size(), 1U);
  EXPECT_EQ(result.steps, 103 + 230);  // what was done

  // From there on it visits the same rows as a run without trouble, at the lower rate.
  FakeBackend smooth(1, [](auto, auto, auto) { return 1.0; });
  (void)run(smooth, config_of(1.0, 30));
  const std::vector<std::uint32_t>& visited = backend.visited[0];
  EXPECT_TRUE(std::equal(smooth.visited[0].begin() + 700, smooth.visited[0].end(), visited.end() - 2300));
  const std::vector<double> after(backend.rates[0].end() - 230, backend.rates[0].end());
  EXPECT_EQ(after, std::vector<double>(230, 0.1));
  EXPECT_EQ(recorder.epochs.size(), 10U + 23U);  // epochs 8 to 10 are seen twice
  EXPECT_EQ(recorder.epochs[10], 8);
}

TEST(Guard, ScalesTheWholeFutureOfTheSchedule) {
  RatedBackend backend(1, bad_from(35, kNan));
  TrainerConfig config = config_of(1.0, 10);
  config.schedule.kind = ScheduleKind::kLinear;
  (void)run(backend, config);
  FakeBackend smooth(1, [](auto, auto, auto) { return 1.0; });
  (void)run(smooth, config);
  ASSERT_EQ(backend.rates[0].size(), 40U + 100U);  // back to the start: no 64 steps were done
  for (std::size_t s = 0; s < 100; ++s) EXPECT_EQ(backend.rates[0][40 + s], smooth.rates[0][s] * 0.1) << s;
}

TEST(Guard, NoticesAnExplosionAtTheStepThatMakesItOne) {
  RatedBackend backend(1, bad_from(103, kFar));
  Recorder recorder;
  (void)run(backend, config_of(1.0, 30), &recorder);
  ASSERT_EQ(recorder.events.size(), 1U);
  EXPECT_EQ(recorder.events[0].trouble, Trouble::kExploded);
  EXPECT_EQ(recorder.events[0].step, 103 + LossWatch::kSteps);
  EXPECT_EQ(recorder.events[0].loss, kFar);
  EXPECT_EQ(recorder.events[0].best, 1.0);
  EXPECT_EQ(recorder.events[0].good_step, 70);
}

TEST(Guard, DoesTheSameHoweverStepsAreCutIntoBlocks) {
  for (const double bad : {kNan, kFar}) {
    RatedBackend epochs(1, bad_from(103, bad)), pieces(1, bad_from(103, bad));
    TrainerConfig config = config_of(1.0, 30);
    Recorder by_epochs, by_pieces;
    const TrainResult a = run(epochs, config, &by_epochs);
    config.max_seconds = 1e9;  // the first blocks are single steps then
    const TrainResult b = run(pieces, config, &by_pieces);
    EXPECT_GT(pieces.n_runs, epochs.n_runs);
    ASSERT_EQ(by_pieces.events.size(), 1U);
    EXPECT_EQ(by_pieces.events[0].step, by_epochs.events.at(0).step);
    EXPECT_EQ(by_pieces.events[0].good_step, by_epochs.events[0].good_step);
    EXPECT_EQ(a.members[0].epoch_losses, b.members[0].epoch_losses);
    EXPECT_EQ(a.steps, b.steps);
    EXPECT_EQ(epochs.saves, pieces.saves);
  }
}

TEST(Guard, DoesNotTrustAStateWhoseNextLossIsBad) {
  for (const double bad : {kNan, kFar}) {  // 130: the end of the epoch that passed 128
    RatedBackend backend(1, bad_from(130, bad));
    Recorder recorder;
    const TrainResult result = run(backend, config_of(1.0, 30), &recorder);
    ASSERT_EQ(recorder.events.size(), 1U);
    EXPECT_EQ(recorder.events[0].good_step, 70);
    EXPECT_EQ(result.members[0].steps, 300);
  }
}

TEST(Guard, KeepsNoStateWhileTheLossIsHigh) {
  RatedBackend backend(1, [](std::int64_t step, double) { return step >= 100 && step < 140 ? 3.0 : 1.0; });
  (void)run(backend, config_of(1.0, 30));
  std::vector<std::int64_t> steps;
  for (const auto& [slot, step] : backend.saves) steps.push_back(step);
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, 70, 200, 260}));  // not 130
}

TEST(Guard, KeepsStatesAtFixedStepsOfALongEpoch) {
  constexpr std::int64_t kRows = 3 * MemberRun::kGuardStride - 5;
  FakeBackend backend(1, [](auto, auto, auto) { return 1.0; });
  TrainerConfig config;
  config.batch_size = 1;
  config.epochs = 2;
  (void)train(backend, rows_of(kRows), nullptr, config, {}, {});
  std::vector<std::int64_t> steps;
  for (const auto& [slot, step] : backend.saves) steps.push_back(step);
  constexpr std::int64_t kStride = MemberRun::kGuardStride;
  EXPECT_EQ(steps, (std::vector<std::int64_t>{0, kStride, 2 * kStride, kRows, kRows + kStride, kRows + 2 * kStride,
                                              2 * kRows}));
  EXPECT_EQ(backend.n_foreseen, backend.n_runs - 1);
}

TEST(Guard, CutsNoEpochIntoMoreBlocks) {
  TrainerConfig config = config_of(1.0, 30);
  FakeBackend guarded(1, [](auto, auto, auto) { return 1.0; }), unguarded(1, [](auto, auto, auto) { return 1.0; });
  (void)run(guarded, config);
  config.guard.on = false;
  (void)run(unguarded, config);
  EXPECT_FALSE(guarded.saves.empty());
  EXPECT_TRUE(unguarded.saves.empty());
  EXPECT_EQ(unguarded.n_runs, 30) << "an epoch is a block";
  EXPECT_EQ(guarded.n_runs, 30);
}

TEST(Guard, ForeseesTheBlocksAgainAfterItWentBack) {
  RatedBackend backend(2, bad_from(103, kNan));
  (void)run(backend, config_of(1.0, 30));
  EXPECT_EQ(backend.n_foreseen, backend.n_runs - 1 - 1);  // both members go back after the same block
}

TEST(Guard, EndsOnTheLastGoodStateWhenItsRetriesAreUsedUp) {
  RatedBackend backend(1, [](std::int64_t step, double) { return step >= 103 ? kNan : 1.0; });
  TrainerConfig config = config_of(1.0, 30);
  config.guard.retries = 2;
  const TrainResult result = run(backend, config);
  const MemberResult& member = result.members[0];
  EXPECT_EQ(member.reason, StopReason::kDiverged);
  EXPECT_TRUE(member.on_good_state);
  EXPECT_EQ(member.guard.size(), 2U);
  EXPECT_EQ(member.steps, 70);
  EXPECT_EQ(member.epochs, 7);
  EXPECT_EQ(member.epoch_losses.size(), 7U);
  EXPECT_EQ(backend.steps[0], 70);
  EXPECT_EQ(
      member.divergence,
      "training diverged: the loss stopped being finite at step 104 (epoch 11) with learning rate 0.01; the guard "
      "had lowered it 2 times, from 1; use a smaller --lr, --clip-norm, or scale the features");
}

TEST(Guard, ThrowsWhereThereIsNoGoodStateToEndOn) {
  RatedBackend at_once(1, [](std::int64_t, double) { return kNan; });
  EXPECT_EQ(testing::message_of<DivergenceError>([&] { (void)run(at_once, config_of(1.0, 30)); }),
            "training diverged: the loss stopped being finite at step 1 (epoch 1) with learning rate 1; use a smaller "
            "--lr, --clip-norm, or scale the features");
  RatedBackend early(1, [](std::int64_t step, double) { return step > 0 ? kNan : 1.0; });
  EXPECT_EQ(testing::message_of<DivergenceError>([&] { (void)run(early, config_of(1.0, 30)); }),
            "training diverged: the loss stopped being finite at step 2 (epoch 1) with learning rate 0.001; the guard "
            "had lowered it 3 times, from 1; use a smaller --lr, --clip-norm, or scale the features");
}

TEST(Guard, WithoutRetriesSavesTheLastGoodState) {
  RatedBackend backend(1, bad_from(103, kNan));
  TrainerConfig config = config_of(1.0, 30);
  config.guard.retries = 0;
  const TrainResult result = run(backend, config);
  EXPECT_TRUE(result.members[0].on_good_state);
  EXPECT_EQ(result.members[0].steps, 70);
}

/// Its parameters are not finite after a step at a rate above 0.5.
class BrokenByItsLastStep : public RatedBackend {
 public:
  BrokenByItsLastStep() : RatedBackend(1, [](std::int64_t, double) { return 1.0; }) {}
  [[nodiscard]] std::vector<double> evaluation_parameters(std::int64_t) const override {
    return {rates[0].back() > 0.5 && steps[0] > 70 ? kNan : 1.0};
  }
};

TEST(Guard, LooksAtWhatTheVeryLastUpdateDid) {
  BrokenByItsLastStep backend;
  Recorder recorder;
  const TrainResult result = run(backend, config_of(1.0, 10), &recorder);
  ASSERT_EQ(recorder.events.size(), 1U);
  EXPECT_EQ(recorder.events[0].trouble, Trouble::kParametersNotFinite);
  EXPECT_EQ(recorder.events[0].step, 100);
  EXPECT_EQ(recorder.events[0].epoch, 10);
  EXPECT_EQ(recorder.events[0].good_step, 70);
  EXPECT_EQ(result.members[0].reason, StopReason::kEpochs);
  EXPECT_EQ(result.members[0].steps, 100);
}

TEST(Guard, EndsAnInterruptedRunOnAGoodState) {
  BrokenByItsLastStep backend;
  std::atomic<bool> stop{false};
  class StopAt : public Observer {
   public:
    explicit StopAt(std::atomic<bool>& flag) : flag_(flag) {}
    void on_epoch(const EpochReport& report) override { flag_ = report.epoch == 9; }

   private:
    std::atomic<bool>& flag_;
  } observer(stop);
  Observer* const observers[] = {&observer};
  const TrainResult result = train(backend, rows_of(100), nullptr, config_of(1.0, 50), {}, observers, &stop);
  EXPECT_EQ(result.members[0].reason, StopReason::kInterrupted);
  EXPECT_EQ(result.members[0].steps, 70);
  EXPECT_EQ(backend.steps[0], 70);
}

TEST(Guard, KeepsTheBestParametersOfEarlyStopping) {
  RatedBackend backend(1, bad_from(103, kNan));
  TrainerConfig config = config_of(1.0, 30);
  config.patience = 20;
  backend.valid_losses = std::vector<double>(60, 5.0);
  backend.valid_losses[8] = 2.0;  // epoch 9, at the rate that is given up
  const Dataset valid = rows_of(3);
  const TrainResult result = train(backend, rows_of(100), &valid, config, {}, {});
  EXPECT_EQ(result.members[0].best_epoch, 9);
  EXPECT_EQ(result.members[0].watched_loss, 2.0);
  EXPECT_EQ(backend.steps[0], 90);
}

/// Before the first good state after the start was kept.
TEST(Guard, EndsOnTheBestParametersOfEarlyStoppingIfTheyAreGood) {
  const auto end_with = [](double watched, double target) {
    RatedBackend backend(1, [](std::int64_t step, double) { return step >= 35 ? kNan : 1.0; });
    TrainerConfig config = config_of(1.0, 30);
    config.patience = 20;
    config.guard.retries = 0;
    backend.valid_losses = std::vector<double>(60, watched);
    Dataset data = rows_of(100);
    data.targets.assign(100, static_cast<float>(target));
    const Dataset valid = rows_of(3);
    return std::pair(train(backend, data, &valid, config, {}, {}).members.at(0), backend.steps[0]);
  };
  const auto [member, steps] = end_with(0.5, 1.0);
  EXPECT_TRUE(member.on_good_state);
  EXPECT_EQ(member.reason, StopReason::kDiverged);
  EXPECT_EQ(member.best_epoch, 1);
  EXPECT_EQ(steps, 10);
  EXPECT_THROW((void)end_with(1e9, 1.0), DivergenceError);  // far worse than answering 0
}

TEST(Guard, OfEachMemberMindsItsOwn) {
  constexpr std::int64_t kBad = 1;
  FakeBackend together(3, [](std::int64_t member, std::int64_t step, auto) {
    return member == kBad && step == 50 ? kNan : 1.0 + static_cast<double>(member);
  });
  const TrainResult result = run(together, config_of(1.0, 12));
  FakeBackend alone(3, [](auto, auto, auto) { return 1.0; });
  (void)run(alone, config_of(1.0, 12));
  EXPECT_EQ(together.visited[0], alone.visited[0]);
  EXPECT_EQ(together.rates[2], alone.rates[2]);
  EXPECT_EQ(result.members[kBad].guard.size(), 3U);
  EXPECT_EQ(result.members[kBad].guard[0].member, kBad);
  EXPECT_EQ(result.members[kBad].reason, StopReason::kDiverged);
  EXPECT_EQ(result.members[0].reason, StopReason::kEpochs);
  EXPECT_EQ(result.best_member, 0);
}

class NoVerdict : public Judge {
 public:
  std::vector<std::int64_t> give_up(std::span<const EpochReport>) override { return {}; }
};

TEST(Guard, IsOffWhereItIsNotWantedAndUnderAJudge) {
  TrainerConfig config = config_of(1.0, 30);
  NoVerdict judge;
  const MemberPlan plan{.trainer = config, .stream = 0, .rows = {}};
  RatedBackend judged(1, bad_from(103, kFar));
  const TrainResult result = train(judged, rows_of(100), nullptr, {&plan, 1}, {}, nullptr, &judge);
  EXPECT_EQ(result.members[0].epochs, 30);
  EXPECT_TRUE(judged.saves.empty());
  config.guard.on = false;
  RatedBackend unguarded(1, bad_from(103, kNan));
  EXPECT_THROW((void)run(unguarded, config), DivergenceError);
  EXPECT_TRUE(unguarded.saves.empty());
}

TEST(Guard, RefusesSettingsOutOfRange) {
  TrainerConfig config;
  const auto message = [&] { return testing::message_of<UsageError>([&] { validate(config); }); };
  for (const double factor : {0.0, 1.0, -0.5, kNan}) {
    config.guard.factor = factor;
    EXPECT_EQ(message().find("--guard-factor: found "), 0U) << factor;
  }
  config.guard.factor = 1.5;
  EXPECT_EQ(message(), "--guard-factor: found 1.5, expected a number > 0 and < 1");
  config.guard = {.retries = -1};
  EXPECT_EQ(message(), "--guard-retries: found -1, expected a number >= 0");
}

}  // namespace
}  // namespace slalom
