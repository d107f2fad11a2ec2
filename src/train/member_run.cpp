// SPDX-License-Identifier: Apache-2.0
// Bookkeeping of one member's training run.
#include "train/member_run.hpp"

#include <algorithm>
#include <utility>

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
  result.watched_loss = std::numeric_limits<double>::infinity();
}

StepBlock MemberRun::next_block(std::int64_t max_steps) {
  return active_ ? block_at(at_, max_steps, rates_) : StepBlock{};
}

StepBlock MemberRun::block_after(const StepBlock& current, std::int64_t max_steps) {
  Position next = at_;
  next.row += static_cast<std::int64_t>(current.rows.size());
  next.step += static_cast<std::int64_t>(current.learning_rates.size());
  if (next.row == sampler_.size()) next = {.epoch = at_.epoch + 1, .row = 0, .step = next.step};
  const bool over = next.epoch >= config_.epochs || (config_.max_steps > 0 && next.step >= config_.max_steps);
  return active_ && !over ? block_at(next, max_steps, rates_after_) : StepBlock{};
}

StepBlock MemberRun::block_at(const Position& at, std::int64_t max_steps, std::vector<double>& rates) {
  std::int64_t steps = std::min(max_steps, ceil_div(sampler_.size() - at.row, batch_));
  if (config_.max_steps > 0) steps = std::min(steps, config_.max_steps - at.step);
  const std::int64_t n = std::min(steps * batch_, sampler_.size() - at.row);
  rates.resize(static_cast<std::size_t>(steps));
  for (std::int64_t s = 0; s < steps; ++s) rates[static_cast<std::size_t>(s)] = schedule_.at(at.step + s);
  return {.rows = sampler_.order(at.epoch).subspan(static_cast<std::size_t>(at.row), static_cast<std::size_t>(n)),
          .batch_size = batch_,
          .learning_rates = rates};
}

std::int64_t MemberRun::absorb(const BlockResult& block) {
  if (block.first_non_finite >= 0) return block.first_non_finite;
  for (const double loss : block.losses) {
    const std::int64_t rows = std::min(batch_, sampler_.size() - at_.row);
    loss_sum_ += loss * static_cast<double>(rows);
    loss_rows_ += rows;
    at_.row += rows;
    samples_ += rows;
    ++at_.step;
  }
  result.steps = at_.step;
  if (config_.max_steps > 0 && at_.step >= config_.max_steps) stop(StopReason::kSteps);
  return -1;
}

bool MemberRun::end_epoch(double watched_loss, double train_loss) {
  result.epoch_losses.push_back(train_loss);
  result.epochs = ++at_.epoch;
  const bool best = watched_loss < result.watched_loss;
  if (best) {
    result.watched_loss = watched_loss;
    result.best_epoch = at_.epoch;
  }
  schedule_.report(watched_loss);
  if (watched_loss < progress_mark_ - config_.tolerance) {
    progress_mark_ = watched_loss;
    epochs_without_progress_ = 0;
  } else {
    ++epochs_without_progress_;
  }
  const std::int64_t patience =
      config_.patience > 0 ? config_.patience : (config_.tolerance > 0.0 ? kDefaultPatience : 0);
  if (patience > 0 && epochs_without_progress_ >= patience) stop(StopReason::kConverged);
  if (active_ && at_.epoch >= config_.epochs) stop(StopReason::kEpochs);
  at_.row = 0;
  loss_sum_ = 0.0;
  loss_rows_ = 0;
  return best;
}

void MemberRun::diverge(std::string what) {
  active_ = false;
  result.reason = StopReason::kDiverged;
  result.divergence = std::move(what);
}

void MemberRun::stop(StopReason reason) {
  if (!active_) return;
  active_ = false;
  result.reason = reason;
}

}  // namespace slalom::training
