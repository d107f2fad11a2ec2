// SPDX-License-Identifier: Apache-2.0
// Where one member stands in a training run: its epoch, its schedule, what it has to do next, and when it stops.
#pragma once

#include <limits>
#include <span>
#include <string>
#include <vector>

#include <slalom/trainer.hpp>

#include "data/sampler.hpp"
#include "train/schedule.hpp"

namespace slalom::training {

class MemberRun {
 public:
  MemberRun(const TrainerConfig& config, std::int64_t n_rows, const std::vector<std::uint32_t>& rows,
            std::uint32_t stream);

  [[nodiscard]] bool active() const noexcept { return active_; }
  [[nodiscard]] bool epoch_complete() const noexcept { return at_.row == sampler_.size(); }
  [[nodiscard]] std::int64_t epoch() const noexcept { return at_.epoch; }
  [[nodiscard]] std::int64_t step() const noexcept { return at_.step; }
  [[nodiscard]] std::int64_t steps_per_epoch() const noexcept { return steps_per_epoch_; }
  [[nodiscard]] std::int64_t step_in_epoch() const noexcept { return at_.row / batch_; }
  [[nodiscard]] double learning_rate() const noexcept { return rates_.empty() ? 0.0 : rates_.back(); }
  [[nodiscard]] std::int64_t samples() const noexcept { return samples_; }

  /// Mean of the epoch's step losses so far, each weighted by its rows; stored-target units.
  [[nodiscard]] double epoch_loss() const noexcept {
    return loss_rows_ > 0 ? loss_sum_ / static_cast<double>(loss_rows_) : 0.0;
  }

  /// The next at most `max_steps` steps of the current epoch; empty if the member is done.
  [[nodiscard]] StepBlock next_block(std::int64_t max_steps);

  /// What next_block(max_steps) will be after `current`, the block that runs now, unless something unforeseen happens:
  /// divergence, early stopping, a lower rate on a plateau. Draws the next epoch's order when that is reached.
  [[nodiscard]] StepBlock block_after(const StepBlock& current, std::int64_t max_steps);

  /// True if `block`, which runs now, visits the last rows of the epoch, or the steps that were allowed.
  [[nodiscard]] bool ends_epoch(const StepBlock& block) const noexcept {
    const auto rows = static_cast<std::int64_t>(block.rows.size());
    const auto steps = static_cast<std::int64_t>(block.learning_rates.size());
    return at_.row + rows == sampler_.size() || (config_.max_steps > 0 && at_.step + steps >= config_.max_steps);
  }

  /// Takes in what the block did. Returns the index within the block of the first non-finite step, or -1.
  std::int64_t absorb(const BlockResult& block);

  /// Ends the epoch with the loss that is watched (own units). Returns true if it is the best so far.
  bool end_epoch(double watched_loss, double train_loss);

  void stop(StopReason reason);

  /// Stops because of the sentence `what`, whatever stopped it before.
  void diverge(std::string what);
  [[nodiscard]] bool diverged() const noexcept { return result.reason == StopReason::kDiverged; }

  MemberResult result;

 private:
  /// A point in the run: rows of `epoch` already visited, steps already done.
  struct Position {
    std::int64_t epoch = 0, row = 0, step = 0;
  };
  [[nodiscard]] StepBlock block_at(const Position& at, std::int64_t max_steps, std::vector<double>& rates);

  const TrainerConfig& config_;
  data::Sampler sampler_;
  std::int64_t batch_;
  std::int64_t steps_per_epoch_;
  Schedule schedule_;
  std::vector<double> rates_;        ///< of the current block
  std::vector<double> rates_after_;  ///< of the block after it
  Position at_;
  std::int64_t samples_ = 0;
  double loss_sum_ = 0.0;
  std::int64_t loss_rows_ = 0;
  double progress_mark_ = std::numeric_limits<double>::infinity();  ///< watched loss that progress is measured from
  std::int64_t epochs_without_progress_ = 0;
  bool active_ = true;
};

}  // namespace slalom::training
