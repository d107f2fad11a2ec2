// SPDX-License-Identifier: Apache-2.0
// Where one member stands in a training run: its epoch, its schedule, what it has to do next, and when it stops.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <slalom/trainer.hpp>

#include "data/sampler.hpp"
#include "train/divergence.hpp"
#include "train/run_state.hpp"
#include "train/schedule.hpp"

namespace slalom::training {

class MemberRun {
 public:
  /// With a guard, blocks of long epochs end where their steps in the epoch are a multiple of this, so that good states
  /// are kept at the same steps however fast a machine is.
  static constexpr std::int64_t kGuardStride = 65536;

  MemberRun(const TrainerConfig& config, std::int64_t n_rows, const std::vector<std::uint32_t>& rows,
            std::uint32_t stream);

  [[nodiscard]] bool active() const noexcept { return active_; }
  [[nodiscard]] bool epoch_complete() const noexcept { return state_.at.row == sampler_.size(); }
  [[nodiscard]] std::int64_t epoch() const noexcept { return state_.at.epoch; }
  [[nodiscard]] std::int64_t step() const noexcept { return state_.at.step; }
  [[nodiscard]] std::int64_t steps_per_epoch() const noexcept { return steps_per_epoch_; }
  [[nodiscard]] std::int64_t rows_per_epoch() const noexcept { return sampler_.size(); }
  [[nodiscard]] std::int64_t batch_size() const noexcept { return batch_; }
  [[nodiscard]] std::int64_t step_in_epoch() const noexcept { return state_.at.row / batch_; }
  [[nodiscard]] double learning_rate() const noexcept { return state_.learning_rate; }
  [[nodiscard]] const TrainerConfig& config() const noexcept { return config_; }
  [[nodiscard]] StopReason reason() const noexcept { return reason_; }
  [[nodiscard]] bool diverged() const noexcept { return reason_ == StopReason::kDiverged; }
  /// What happened, as one sentence; empty if it has not diverged.
  [[nodiscard]] const std::string& divergence() const noexcept { return divergence_; }
  /// Early stopping returns to the best parameters; otherwise the last ones are the result.
  [[nodiscard]] bool keeps_best() const noexcept { return config_.patience > 0 || config_.tolerance > 0.0; }

  /// Mean of the epoch's step losses so far, each weighted by its rows; stored-target units.
  [[nodiscard]] double epoch_loss() const noexcept {
    return state_.loss_rows > 0 ? state_.loss_sum / static_cast<double>(state_.loss_rows) : 0.0;
  }

  /// Between blocks: everything that makes the rest of the run what it is, with the same settings.
  [[nodiscard]] const RunState& state() const noexcept { return state_; }
  /// Mean training loss of every epoch ended, own units.
  [[nodiscard]] const std::vector<double>& epoch_losses() const noexcept { return epoch_losses_; }

  /// Goes back to an earlier state of this run, which is active again unless it was over by its settings there. What
  /// blocks that were handed out point to may change.
  void return_to(const RunState& state);
  /// Goes on from the state of another run with the same settings and rows, whose epochs had `epoch_losses`. Throws
  /// DataError if no such run can have been there.
  void resume(const RunState& state, std::vector<double> epoch_losses);

  /// Throws DataError if the run cannot have passed `state` on its way here.
  void check_earlier(const RunState& state) const;

  /// The next at most `max_steps` steps of the current epoch; empty if the member is done. `whole`: where the order is
  /// drawn if these are all steps of the epoch; null: the run keeps it, as it does with orders that are needed again.
  [[nodiscard]] StepBlock next_block(std::int64_t max_steps, std::vector<std::uint32_t>* whole = nullptr);

  /// What next_block(max_steps) will be after `current`, the block that runs now, unless something unforeseen happens:
  /// divergence, early stopping, a lower rate on a plateau. Draws the next epoch's order when that is reached.
  [[nodiscard]] StepBlock block_after(const StepBlock& current, std::int64_t max_steps);

  /// True if `block`, which runs now, visits the last rows of the epoch, or the steps that were allowed.
  [[nodiscard]] bool ends_epoch(const StepBlock& block) const noexcept {
    const auto rows = static_cast<std::int64_t>(block.rows.size());
    const auto steps = static_cast<std::int64_t>(block.learning_rates.size());
    return state_.at.row + rows == sampler_.size() ||
           (config_.max_steps > 0 && state_.at.step + steps >= config_.max_steps);
  }

  /// Takes in what the block from next_block() did, or says what went wrong in it; the run is then somewhere in the
  /// block, to be ended or to return to an earlier state.
  std::optional<Divergence> absorb(const BlockResult& block);

  /// What the last update did, if it was `trouble`: no loss has seen it yet.
  [[nodiscard]] Divergence last_update(Trouble trouble) const;

  /// Before the first block: from now on absorb() notices explosions (`floor`: LossWatch::floor), and blocks end at
  /// kGuardStride.
  void watch_losses(double floor);

  /// Ends the epoch with the loss that is watched (own units). Returns true if it is the best so far.
  bool end_epoch(double watched_loss, double train_loss);

  void stop(StopReason reason);

  /// Stops because of the sentence `what`, whatever stopped it before.
  void diverge(std::string what);

  /// What the run has come to; best_epoch is 0 if no epoch was the best yet.
  [[nodiscard]] MemberResult result() const;

 private:
  [[nodiscard]] Divergence divergence_at(std::size_t step_in_block, Trouble trouble, double loss) const;
  [[nodiscard]] StepBlock block_at(const RunState::Position& at, std::int64_t max_steps, std::vector<double>& rates,
                                   std::vector<std::uint32_t>* whole = nullptr);
  void check_place(const RunState& state, std::int64_t least_epochs, std::int64_t n_losses) const;
  void stop_if_over();

  const TrainerConfig& config_;
  data::Sampler sampler_;
  std::int64_t batch_;
  std::int64_t steps_per_epoch_;
  Schedule schedule_;
  RunState state_;
  std::vector<double> epoch_losses_;
  bool watched_ = false;
  bool active_ = true;
  StopReason reason_ = StopReason::kEpochs;  ///< of a run that is not active
  std::string divergence_;                   ///< what happened, if that is the reason
  std::vector<double> rates_;                ///< of the current block
  std::vector<double> rates_after_;          ///< of the block after it
};

}  // namespace slalom::training
