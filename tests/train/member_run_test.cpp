// SPDX-License-Identifier: Apache-2.0
// A member's run as a value: a run that returns to an earlier state goes on as it did from there.
#include "train/member_run.hpp"
#include "train/order_pool.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::training {
namespace {

constexpr std::int64_t kRows = 103;

TrainerConfig config_of(std::int64_t batch_size, std::int64_t epochs) {
  TrainerConfig config;
  config.batch_size = batch_size;
  config.epochs = epochs;
  config.optimizer.learning_rate = 1.0;
  return config;
}

/// What a run was told to do and what it came to.
struct Trace {
  std::vector<std::uint32_t> rows;
  std::vector<double> rates;
  RunState end;
  MemberResult result;
};

/// A loss that depends on the step only.
double loss_of(std::int64_t step) { return 1.0 + std::sin(static_cast<double>(step)); }

/// One block of at most `max_steps` steps, and the end of the epoch if it is reached.
void advance(MemberRun& run, std::int64_t max_steps, Trace& trace) {
  const StepBlock block = run.next_block(max_steps);
  (void)run.block_after(block, max_steps);  // as the trainer does: draws the next order early
  trace.rows.insert(trace.rows.end(), block.rows.begin(), block.rows.end());
  trace.rates.insert(trace.rates.end(), block.learning_rates.begin(), block.learning_rates.end());
  BlockResult done;
  for (std::size_t s = 0; s < block.learning_rates.size(); ++s) {
    done.losses.push_back(loss_of(run.step() + static_cast<std::int64_t>(s)));
  }
  EXPECT_FALSE(run.absorb(done));
  if (run.epoch_complete()) run.end_epoch(run.epoch_loss(), run.epoch_loss());
}

Trace rest_of(MemberRun& run, std::int64_t max_steps) {
  Trace trace;
  while (run.active()) advance(run, max_steps, trace);
  trace.end = run.state();
  trace.result = run.result();
  return trace;
}

void expect_same(const Trace& found, const Trace& expected) {
  EXPECT_EQ(found.rows, expected.rows);
  EXPECT_EQ(found.rates, expected.rates);
  EXPECT_EQ(found.end, expected.end);
  EXPECT_EQ(found.result.reason, expected.result.reason);
  EXPECT_EQ(found.result.epochs, expected.result.epochs);
  EXPECT_EQ(found.result.steps, expected.result.steps);
  EXPECT_EQ(found.result.best_epoch, expected.result.best_epoch);
  EXPECT_EQ(found.result.watched_loss, expected.result.watched_loss);
  EXPECT_EQ(found.result.epoch_losses, expected.result.epoch_losses);
}

struct Case {
  std::string name;
  TrainerConfig config;
};

std::vector<Case> cases() {
  std::vector<Case> all{{"Cosine", config_of(10, 5)},
                        {"Plateau", config_of(7, 8)},
                        {"Patience", config_of(10, 40)},
                        {"MaxSteps", config_of(10, 9)},
                        {"AllRows", config_of(0, 9)}};
  all[0].config.schedule = {.kind = ScheduleKind::kCosine, .warmup_steps = 4};
  all[1].config.schedule = {
      .kind = ScheduleKind::kPlateau, .factor = 0.5, .plateau_patience = 1, .plateau_cooldown = 1};
  all[2].config.patience = 3;
  all[3].config.max_steps = 57;
  return all;
}

class ReturningRun : public ::testing::TestWithParam<Case> {};

TEST_P(ReturningRun, GoesOnFromAnyStateAsBefore) {
  const TrainerConfig& config = GetParam().config;
  for (std::int64_t blocks_before = 0; blocks_before < 12; ++blocks_before) {
    SCOPED_TRACE(blocks_before);
    MemberRun run(config, kRows, {}, 3);
    Trace before;
    for (std::int64_t b = 0; b < blocks_before && run.active(); ++b) advance(run, 4, before);
    const RunState state = run.state();
    const std::vector<double> losses = run.epoch_losses();
    const Trace first = rest_of(run, 4);
    run.return_to(state);
    expect_same(rest_of(run, 9), first);  // however the steps are cut

    MemberRun other(config, kRows, {}, 3);
    other.resume(state, losses);
    expect_same(rest_of(other, 1), first);
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, ReturningRun, ::testing::ValuesIn(cases()),
                         [](const auto& case_of) { return case_of.param.name; });

TEST(MemberRun, DrawsTheOrderOfAWholeEpochWhereItIsTold) {
  TrainerConfig config = config_of(10, 3);
  for (const bool shuffle : {true, false}) {
    SCOPED_TRACE(shuffle);
    config.shuffle = shuffle;
    MemberRun keeps(config, kRows, {}, 3), draws(config, kRows, {}, 3);
    std::vector<std::uint32_t> order(3);  // of another epoch
    for (const std::int64_t max_steps : {std::int64_t{2}, kRows, kRows, kRows}) {
      const StepBlock expected = keeps.next_block(max_steps);
      const StepBlock found = draws.next_block(max_steps, &order);
      const bool whole = static_cast<std::int64_t>(found.rows.size()) == kRows;
      EXPECT_EQ(found.rows.data() == order.data(), whole && shuffle);
      EXPECT_TRUE(std::equal(found.rows.begin(), found.rows.end(), expected.rows.begin(), expected.rows.end()));
      for (MemberRun* run : {&keeps, &draws}) {
        EXPECT_FALSE(run->absorb({.losses = std::vector<double>(found.learning_rates.size(), 1.0)}));
        if (run->epoch_complete()) run->end_epoch(1.0, 1.0);
      }
    }
    EXPECT_FALSE(draws.active());
  }
}

TEST(OrderPool, LendsOutWhatCameBackLast) {
  OrderPool pool;
  EXPECT_TRUE(pool.take().empty());
  std::vector<std::uint32_t> first(3), second(4);
  const std::uint32_t* place = second.data();
  pool.give_back(std::move(first));
  pool.give_back(std::move(second));
  pool.give_back({});  // nothing that could be used again
  EXPECT_EQ(pool.take().data(), place);
  EXPECT_EQ(pool.take().size(), 3U);
  EXPECT_TRUE(pool.take().empty());
}

TEST(MemberRun, IsActiveAgainAfterADivergenceThatItReturnsFrom) {
  const TrainerConfig config = config_of(10, 2);
  MemberRun run(config, kRows, {}, 0);
  const RunState start = run.state();
  (void)run.next_block(5);
  const auto divergence = run.absorb({.losses = {1.0, 2.0}, .first_non_finite = 1});
  ASSERT_TRUE(divergence);
  EXPECT_EQ(divergence->step, 1);
  run.diverge("it diverged");
  EXPECT_TRUE(run.diverged());
  EXPECT_EQ(run.result().divergence, "it diverged");
  run.return_to(start);
  EXPECT_TRUE(run.active());
  EXPECT_FALSE(run.diverged());
  EXPECT_EQ(run.result().divergence, "");
}

TEST(MemberRun, StaysOverWhereItsSettingsEndIt) {
  TrainerConfig config = config_of(0, 2);
  MemberRun run(config, kRows, {}, 0);
  const Trace all = rest_of(run, 1);
  run.return_to(all.end);
  EXPECT_FALSE(run.active());
  EXPECT_EQ(run.result().reason, StopReason::kEpochs);

  config.epochs = 3;  // more of the same: the rest can be done
  MemberRun longer(config, kRows, {}, 0);
  longer.resume(all.end, run.epoch_losses());
  EXPECT_TRUE(longer.active());
  EXPECT_EQ(rest_of(longer, 1).result.epoch_losses.size(), 3U);
}

}  // namespace
}  // namespace slalom::training
