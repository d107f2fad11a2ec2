// SPDX-License-Identifier: Apache-2.0
// Bookkeeping of one member's training run.
#include "train/member_run.hpp"

#include <algorithm>
#include <utility>

#include <slalom/error.hpp>

namespace slalom::training {
namespace {

constexpr std::int64_t kDefaultPatience = 5;  ///< of --tol without --patience

std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t total_steps(const TrainerConfig& config, std::int64_t steps_per_epoch) {
  // Saturates: an absurd number of epochs is a run that ends by other means.
  constexpr std::int64_t kMost = std::int64_t{1} << 62;
  const std::int64_t by_epochs = config.epochs > kMost / steps_per_epoch ? kMost : config.epochs * steps_per_epoch;
  return config.max_steps > 0 ? std::min(by_epochs, config.max_steps) : by_epochs;
}

}  // namespace

MemberRun::MemberRun(const TrainerConfig& config, std::int64_t n_rows, const std::vector<std::uint32_t>& rows,
                     std::uint32_t stream)
    : config_(config),
      sampler_(n_rows, rows, config.seed, stream, config.shuffle && config.batch_size > 0),
      batch_(config.batch_size > 0 ? std::min(config.batch_size, sampler_.size()) : sampler_.size()),
      steps_per_epoch_(ceil_div(sampler_.size(), batch_)),
      schedule_(config.schedule, config.optimizer.learning_rate, steps_per_epoch_,
                total_steps(config, steps_per_epoch_)) {
  state_.plateau = schedule_.start();
}

void MemberRun::return_to(const RunState& state) {
  state_ = state;
  epoch_losses_.resize(static_cast<std::size_t>(state.at.epoch));
  active_ = true;
  reason_ = StopReason::kEpochs;
  divergence_.clear();
  stop_if_over();
}

void MemberRun::resume(const RunState& state, std::vector<double> epoch_losses) {
  const RunState::Position& at = state.at;
  if (at.epoch < 0 || at.step < 0 || at.row < 0 || at.row >= sampler_.size() || at.row % batch_ != 0 ||
      static_cast<std::int64_t>(epoch_losses.size()) != at.epoch) {
    throw DataError("a run of " + std::to_string(sampler_.size()) + " rows in batches of " + std::to_string(batch_) +
                    " cannot be at row " + std::to_string(at.row) + " of epoch " + std::to_string(at.epoch) + " with " +
                    std::to_string(epoch_losses.size()) + " epochs' losses");
  }
  epoch_losses_ = std::move(epoch_losses);
  return_to(state);
}

StepBlock MemberRun::next_block(std::int64_t max_steps) {
  return active_ ? block_at(state_.at, max_steps, rates_) : StepBlock{};
}

StepBlock MemberRun::block_after(const StepBlock& current, std::int64_t max_steps) {
  RunState::Position next = state_.at;
  next.row += static_cast<std::int64_t>(current.rows.size());
  next.step += static_cast<std::int64_t>(current.learning_rates.size());
  if (next.row == sampler_.size()) next = {.epoch = next.epoch + 1, .row = 0, .step = next.step};
  const bool over = next.epoch >= config_.epochs || (config_.max_steps > 0 && next.step >= config_.max_steps);
  return active_ && !over ? block_at(next, max_steps, rates_after_) : StepBlock{};
}

StepBlock MemberRun::block_at(const RunState::Position& at, std::int64_t max_steps, std::vector<double>& rates) {
  std::int64_t steps = std::min(max_steps, ceil_div(sampler_.size() - at.row, batch_));
  if (config_.max_steps > 0) steps = std::min(steps, config_.max_steps - at.step);
  const std::int64_t n = std::min(steps * batch_, sampler_.size() - at.row);
  rates.resize(static_cast<std::size_t>(steps));
  for (std::int64_t s = 0; s < steps; ++s) {
    rates[static_cast<std::size_t>(s)] = schedule_.at(at.step + s, state_.plateau);
  }
  return {.rows = sampler_.order(at.epoch).subspan(static_cast<std::size_t>(at.row), static_cast<std::size_t>(n)),
          .batch_size = batch_,
          .learning_rates = rates};
}

std::int64_t MemberRun::absorb(const BlockResult& block) {
  if (block.first_non_finite >= 0) return block.first_non_finite;
  for (const double loss : block.losses) {
    const std::int64_t rows = std::min(batch_, sampler_.size() - state_.at.row);
    state_.loss_sum += loss * static_cast<double>(rows);
    state_.loss_rows += rows;
    state_.at.row += rows;
    state_.samples += rows;
    ++state_.at.step;
  }
  if (!rates_.empty()) state_.learning_rate = rates_.back();
  stop_if_over();
  return -1;
}

bool MemberRun::end_epoch(double watched_loss, double train_loss) {
  epoch_losses_.push_back(train_loss);
  ++state_.at.epoch;
  state_.at.row = 0;
  state_.loss_sum = 0.0;
  state_.loss_rows = 0;
  const bool best = watched_loss < state_.watched_loss;
  if (best) {
    state_.watched_loss = watched_loss;
    state_.best_epoch = state_.at.epoch;
  }
  schedule_.report(watched_loss, state_.plateau);
  if (watched_loss < state_.progress_mark - config_.tolerance) {
    state_.progress_mark = watched_loss;
    state_.epochs_without_progress = 0;
  } else {
    ++state_.epochs_without_progress;
  }
  stop_if_over();
  return best;
}

void MemberRun::stop_if_over() {
  if (config_.max_steps > 0 && state_.at.step >= config_.max_steps) stop(StopReason::kSteps);
  const std::int64_t patience =
      config_.patience > 0 ? config_.patience : (config_.tolerance > 0.0 ? kDefaultPatience : 0);
  if (patience > 0 && state_.epochs_without_progress >= patience) stop(StopReason::kConverged);
  if (state_.at.epoch >= config_.epochs) stop(StopReason::kEpochs);
}

void MemberRun::diverge(std::string what) {
  active_ = false;
  reason_ = StopReason::kDiverged;
  divergence_ = std::move(what);
}

void MemberRun::stop(StopReason reason) {
  if (!active_) return;
  active_ = false;
  reason_ = reason;
}

MemberResult MemberRun::result() const {
  return {.reason = reason_,
          .epochs = state_.at.epoch,
          .steps = state_.at.step,
          .best_epoch = state_.best_epoch,
          .watched_loss = state_.watched_loss,
          .divergence = divergence_,
          .epoch_losses = epoch_losses_};
}

}  // namespace slalom::training
