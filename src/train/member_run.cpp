// SPDX-License-Identifier: Apache-2.0
// Bookkeeping of one member's training run.
#include "train/member_run.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <slalom/error.hpp>

#include "core/rounding.hpp"

namespace slalom::training {
namespace {

constexpr std::int64_t kDefaultPatience = 5;  ///< of --tol without --patience
constexpr double kNoLoss = std::numeric_limits<double>::quiet_NaN();

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
      steps_per_epoch_(core::ceil_div(sampler_.size(), batch_)),
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

void MemberRun::check_place(const RunState& state, std::int64_t least_epochs, std::int64_t n_losses) const {
  const RunState::Position& at = state.at;
  if (at.epoch < least_epochs || at.epoch > n_losses || at.step < 0 || at.row < 0 || at.row >= sampler_.size() ||
      at.row % batch_ != 0) {
    throw DataError("a run of " + std::to_string(sampler_.size()) + " rows in batches of " + std::to_string(batch_) +
                    " cannot be at row " + std::to_string(at.row) + " of epoch " + std::to_string(at.epoch) + " with " +
                    std::to_string(n_losses) + " epochs' losses");
  }
}

void MemberRun::check_earlier(const RunState& state) const {
  check_place(state, 0, static_cast<std::int64_t>(epoch_losses_.size()));
}

void MemberRun::resume(const RunState& state, std::vector<double> epoch_losses) {
  const auto n_losses = static_cast<std::int64_t>(epoch_losses.size());
  check_place(state, n_losses, n_losses);
  epoch_losses_ = std::move(epoch_losses);
  return_to(state);
}

StepBlock MemberRun::next_block(std::int64_t max_steps, std::vector<std::uint32_t>* whole) {
  return active_ ? block_at(state_.at, max_steps, rates_, whole) : StepBlock{};
}

StepBlock MemberRun::block_after(const StepBlock& current, std::int64_t max_steps) {
  RunState::Position next = state_.at;
  next.row += static_cast<std::int64_t>(current.rows.size());
  next.step += static_cast<std::int64_t>(current.learning_rates.size());
  if (next.row == sampler_.size()) next = {.epoch = next.epoch + 1, .row = 0, .step = next.step};
  const bool over = next.epoch >= config_.epochs || (config_.max_steps > 0 && next.step >= config_.max_steps);
  return active_ && !over ? block_at(next, max_steps, rates_after_) : StepBlock{};
}

StepBlock MemberRun::block_at(const RunState::Position& at, std::int64_t max_steps, std::vector<double>& rates,
                              std::vector<std::uint32_t>* whole) {
  std::int64_t steps = std::min(max_steps, core::ceil_div(sampler_.size() - at.row, batch_));
  if (watched_) steps = std::min(steps, kGuardStride - at.row / batch_ % kGuardStride);
  if (config_.max_steps > 0) steps = std::min(steps, config_.max_steps - at.step);
  const std::int64_t n = std::min(steps * batch_, sampler_.size() - at.row);
  rates.resize(static_cast<std::size_t>(steps));
  for (std::int64_t s = 0; s < steps; ++s) {
    rates[static_cast<std::size_t>(s)] = schedule_.at(at.step + s, state_.plateau) * state_.rate_scale;
  }
  if (whole != nullptr && sampler_.shuffled() && n == sampler_.size()) {
    sampler_.draw(at.epoch, *whole);
    return {.rows = *whole, .batch_size = batch_, .learning_rates = rates};
  }
  return {.rows = sampler_.order(at.epoch).subspan(static_cast<std::size_t>(at.row), static_cast<std::size_t>(n)),
          .batch_size = batch_,
          .learning_rates = rates};
}

std::optional<Divergence> MemberRun::absorb(const BlockResult& block) {
  const bool finite = block.first_non_finite < 0;
  const std::size_t n = finite ? block.losses.size() : static_cast<std::size_t>(block.first_non_finite);
  for (std::size_t s = 0; s < n; ++s) {
    const double loss = block.losses[s];
    if (watched_ && state_.watch.add(loss)) return divergence_at(s, Trouble::kExploded, loss);
    const std::int64_t rows = std::min(batch_, sampler_.size() - state_.at.row);
    state_.loss_sum += loss * static_cast<double>(rows);
    state_.loss_rows += rows;
    state_.at.row += rows;
    state_.samples += rows;
    state_.learning_rate = rates_[s];
    ++state_.at.step;
    ++state_.steps_run;
  }
  if (!finite) return divergence_at(n, Trouble::kNotFinite, block.losses.size() > n ? block.losses[n] : kNoLoss);
  stop_if_over();
  return std::nullopt;
}

Divergence MemberRun::last_update(Trouble trouble) const {
  return {.trouble = trouble,
          .epoch = state_.at.epoch - (state_.at.row == 0 ? 1 : 0),
          .step = state_.at.step - 1,
          .since = state_.at.step,
          .loss = kNoLoss,
          .learning_rate = state_.learning_rate};
}

void MemberRun::watch_losses(double floor) {
  watched_ = true;
  state_.watch.floor = std::max(floor, LossWatch::kLowestFloor);
}

Divergence MemberRun::divergence_at(std::size_t step_in_block, Trouble trouble, double loss) const {
  const std::int64_t high_before = state_.watch.high - (trouble == Trouble::kExploded ? 1 : 0);
  return {.trouble = trouble,
          .epoch = state_.at.epoch,
          .step = state_.at.step,
          .since = state_.at.step - high_before,
          .loss = loss,
          .learning_rate = rates_[step_in_block]};
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
          .epoch_losses = epoch_losses_,
          .guard = {},
          .on_good_state = false};
}

}  // namespace slalom::training
