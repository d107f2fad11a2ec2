// SPDX-License-Identifier: Apache-2.0
// The training loop: epochs of shuffled mini-batches through a backend, with schedules, early stopping and observers.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/config.hpp>
#include <slalom/dataset.hpp>
#include <slalom/metrics.hpp>

namespace slalom {

namespace training {
class Checkpointer;  // src/train/checkpointer.hpp
}

/// What to do when training diverges: the loss, the gradient or the parameters stop being finite, or the loss explodes
/// against its best (docs/reliability.md). The guard then returns to the last good state, lowers the learning rate of
/// all that follows, and goes on.
struct GuardConfig {
  bool on = true;
  double factor = 0.1;       ///< in (0, 1): what the learning rate is multiplied by
  std::int64_t retries = 3;  ///< >= 0: how often in a run; the next divergence ends it
};

/// How to train.
struct TrainerConfig {
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  std::int64_t batch_size = 64;  ///< 0: all rows (batch gradient descent); 1: stochastic
  std::int64_t epochs = 20;      ///< > 0
  std::int64_t max_steps = 0;    ///< 0: no limit
  double max_seconds = 0.0;      ///< 0: no limit
  double tolerance = 0.0;        ///< smallest decrease of the watched loss that counts as progress
  std::int64_t patience = 0;     ///< epochs without progress before stopping; 0: never, or 5 if tolerance > 0
  bool shuffle = true;           ///< a new permutation every epoch (not needed and not done for batch_size 0)
  std::uint64_t seed = 1;
  GuardConfig guard;
  int threads = 0;  ///< CPU threads that draw the orders of a population; 0: all cores this process may use
};

void validate(const TrainerConfig& config);

/// The rows one member trains on and is watched on (indices into the training set). Empty train_rows: all rows.
/// Empty valid_rows: the separate validation set, if there is one.
struct MemberRows {
  std::vector<std::uint32_t> train_rows;
  std::vector<std::uint32_t> valid_rows;
};

/// What an observer sees after every block.
struct Progress {
  std::int64_t member = 0, epoch = 0, epochs = 0, step = 0, steps_per_epoch = 0;
  double loss = 0.0;  ///< mean of the epoch so far, target's own units
  double learning_rate = 0.0;
  double samples_per_second = 0.0;
  double seconds = 0.0;
};

/// What an observer sees after every epoch (losses in the target's own units).
struct EpochReport {
  std::int64_t member = 0, epoch = 0, epochs = 0, step = 0;
  double train_loss = 0.0;
  double learning_rate = 0.0;
  double seconds = 0.0;
  double samples_per_second = 0.0;
  std::optional<std::int64_t> device_memory_bytes;  ///< Backend::memory_bytes
  std::optional<Metrics> valid;
};

enum class Trouble { kNotFinite, kExploded, kParametersNotFinite };

/// What an observer sees when the guard has taken a member back to its last good state (losses in own units).
struct GuardEvent {
  std::int64_t member = 0;
  Trouble trouble = Trouble::kNotFinite;
  std::int64_t epoch = 0, step = 0;  ///< where it was noticed, from 1
  double loss = 0.0;                 ///< there; NaN for kParametersNotFinite
  double best = 0.0;                 ///< smoothed loss until then
  std::int64_t good_epoch = 0;       ///< that is gone on with, from 1
  std::int64_t good_step = 0;        ///< steps done in the state that was returned to
  double old_rate = 0.0;             ///< of the step
  double new_rate = 0.0;             ///< that it would have now
  std::int64_t retry = 0;            ///< of `retries`, from 1
  std::int64_t retries = 0;
};

/// What one member is trained by when members differ in more than their streams.
struct MemberPlan {
  TrainerConfig trainer;     ///< max_seconds counts from the start of the whole population; threads: the first one's
  std::uint32_t stream = 0;  ///< of its orders: tells members with the same seed apart
  MemberRows rows;
};

/// Compares the members of a population after every epoch and gives up on some.
class Judge {
 public:
  virtual ~Judge() = default;
  /// Called once all members still in training have ended the same epoch, with the report of each that did: so the
  /// verdict does not depend on timing. Returns the members to stop (StopReason::kGivenUp).
  [[nodiscard]] virtual std::vector<std::int64_t> give_up(std::span<const EpochReport> reports) = 0;
};

/// Gets told what happens; default implementations do nothing.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void on_progress(const Progress&) {}
  virtual void on_epoch(const EpochReport&) {}
  /// Once for every member before a run that is to go on from a checkpoint: `epochs` of it were reported before, by
  /// the process that wrote the checkpoint. What that process reported of later epochs will be reported anew.
  virtual void on_resume(std::int64_t /*member*/, std::int64_t /*epochs*/) {}
  /// What people should know at once, as one line.
  virtual void on_note(const std::string&) {}
  /// Epochs and steps after it are counted from the state that was returned to: some are seen twice.
  virtual void on_guard(const GuardEvent&) {}
};

enum class StopReason { kEpochs, kSteps, kTime, kConverged, kInterrupted, kDiverged, kGivenUp };

struct MemberResult {
  StopReason reason = StopReason::kEpochs;
  std::int64_t epochs = 0, steps = 0;
  std::int64_t best_epoch = 0;       ///< whose parameters are in the backend now
  double watched_loss = 0.0;         ///< best watched loss: validation if there is any, else training
  std::string divergence;            ///< what happened to a diverged member, as one sentence; else empty
  std::vector<double> epoch_losses;  ///< mean training loss of every epoch, own units
  std::vector<GuardEvent> guard;     ///< what the guard did
  bool on_good_state = false;        ///< diverged, but its parameters are those of the last good state
};

struct TrainResult {
  std::vector<MemberResult> members;
  std::int64_t best_member = 0;  ///< with the lowest watched loss
  double seconds = 0.0;          ///< training only, before a checkpoint included
  std::int64_t samples = 0;      ///< rows visited, over all members, with what guards threw away
  std::int64_t steps = 0;        ///< the same
};

/// Trains every member of `backend` (whose parameters were initialised) on `data`. `valid` may be null; else it must
/// live, unchanged, as long as the backend (Backend::keep). `rows`: one per member or empty. A member that diverges
/// and is not, or no more, taken back by its guard stops with kDiverged; it stands on the last good state
/// (on_good_state) if its guard kept one after the start, or early stopping has good parameters. It is not the best unless all diverged. Throws DivergenceError
/// (names step, epoch and learning rate) if all diverged and none stands on a good state, and UsageError for bad
/// settings. `stop`, if given, ends the run after the current block. `checkpointer`, if given, may put the run to where
/// an earlier one was, and saves it.
TrainResult train(Backend& backend, const Dataset& data, const Dataset* valid, const TrainerConfig& config,
                  std::span<const MemberRows> rows, std::span<Observer* const> observers,
                  const std::atomic<bool>* stop = nullptr, training::Checkpointer* checkpointer = nullptr);

/// The same with a plan for every member (plans.size() == n_members). All members pass through about the same part of
/// an epoch in a block, whatever their batch sizes. `judge` may be null; with one, members wait for each other at the
/// end of every epoch, and guards are off: a judge compares rates as they are. A member's numbers are those of training
/// it alone up to the epoch in which it is given up.
TrainResult train(Backend& backend, const Dataset& data, const Dataset* valid, std::span<const MemberPlan> plans,
                  std::span<Observer* const> observers, const std::atomic<bool>* stop = nullptr,
                  Judge* judge = nullptr);

}  // namespace slalom
