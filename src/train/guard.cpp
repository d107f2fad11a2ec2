// SPDX-License-Identifier: Apache-2.0
// Keeps good states and returns to them.
#include "train/guard.hpp"

#include <algorithm>
#include <utility>

namespace slalom::training {

Guard::Guard(Backend& backend, std::int64_t member, const MemberRun& run, double unit, std::span<const GoodState> kept)
    : backend_(backend), member_(member), unit_(unit), last_{.slot = SnapshotSlot::kGood, .state = run.state()} {
  if (kept.empty()) {
    backend_.save(member_, last_.slot);
    return;
  }
  const MemberState current = backend_.export_state(member_);
  for (const GoodState& state : kept) {
    if (&state != kept.data()) before_ = last_;
    last_ = {.slot = other(last_.slot), .state = state.run};
    backend_.import_state(member_, state.member);
    backend_.save(member_, last_.slot);
  }
  backend_.import_state(member_, current);
  fell_back_ = run.diverged() && run.step() > 0 && run.state().at == last_.state.at;
}

void Guard::keep(const MemberRun& run) {
  const std::int64_t step = run.step();
  const bool epoch_ended = run.state().at.row == 0;
  const bool due = epoch_ended ? step / kLeastSteps != (step - run.steps_per_epoch()) / kLeastSteps
                               : run.step_in_epoch() % MemberRun::kGuardStride == 0;
  if (!due || step == last_.state.at.step || !run.state().watch.calm()) return;
  before_ = std::exchange(last_, Good{.slot = other(last_.slot), .state = run.state()});
  backend_.save(member_, last_.slot);
}

void Guard::export_good(std::vector<GoodState>& states, const MemberState& current) const {
  std::vector<const Good*> kept;
  if (before_) kept.push_back(&*before_);
  kept.push_back(&last_);
  std::vector<GoodState> exported;
  bool moved = false;
  for (const Good* good : kept) {
    const auto known =
        std::find_if(states.begin(), states.end(), [&](const GoodState& state) { return state.run == good->state; });
    if (known != states.end()) {
      exported.push_back(*known);
      continue;
    }
    moved = true;
    backend_.restore(member_, good->slot);
    exported.push_back({.run = good->state, .member = backend_.export_state(member_)});
  }
  if (moved) backend_.import_state(member_, current);
  states = std::move(exported);
}

const Guard::Good* Guard::good_before(const Divergence& divergence) {
  if (divergence.since <= last_.state.at.step) {
    if (!before_) return nullptr;
    last_ = *std::exchange(before_, std::nullopt);
  }
  return &last_;
}

void Guard::go_to(const Good& good, MemberRun& run, double rate_scale, std::int64_t retries) {
  RunState state = good.state;
  state.rate_scale = rate_scale;
  state.retries = retries;
  state.watched_loss = run.state().watched_loss;  // early stopping still has the parameters that had it
  state.best_epoch = run.state().best_epoch;
  state.samples = run.state().samples;  // work that was done
  state.steps_run = run.state().steps_run;
  backend_.restore(member_, good.slot);
  run.return_to(state);
}

std::optional<GuardEvent> Guard::recover(MemberRun& run, const Divergence& divergence) {
  const GuardConfig& config = run.config().guard;
  const RunState& state = run.state();
  if (state.retries >= config.retries) return std::nullopt;
  const Good* good = good_before(divergence);
  if (good == nullptr) return std::nullopt;
  const GuardEvent event{.member = member_,
                         .trouble = divergence.trouble,
                         .epoch = divergence.epoch + 1,
                         .step = divergence.step + 1,
                         .loss = divergence.loss * unit_,
                         .best = state.watch.best * unit_,
                         .good_epoch = good->state.at.epoch + 1,
                         .good_step = good->state.at.step,
                         .old_rate = divergence.learning_rate,
                         .new_rate = divergence.learning_rate * config.factor,
                         .retry = state.retries + 1,
                         .retries = config.retries};
  go_to(*good, run, state.rate_scale * config.factor, state.retries + 1);
  events_.push_back(event);
  return event;
}

void Guard::fall_back(MemberRun& run, const Divergence& divergence) {
  const Good* good = good_before(divergence);
  if (good == nullptr || good->state.at.step == 0) return;
  go_to(*good, run, run.state().rate_scale, run.state().retries);
  fell_back_ = true;
}

}  // namespace slalom::training
