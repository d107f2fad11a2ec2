// SPDX-License-Identifier: Apache-2.0
// Saves a training run while it goes on, and takes one up again where it was saved.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/checkpoint.hpp>
#include <slalom/trainer.hpp>

#include "core/stopwatch.hpp"
#include "train/checkpoint_file.hpp"
#include "train/checkpoint_folder.hpp"
#include "train/guard.hpp"
#include "train/member_run.hpp"

namespace slalom::training {

/// The guards of all members, empty where there is none.
using Guards = std::span<const std::optional<Guard>>;

/// The checkpoints of one call of `train`, of which it is also an observer: it wants to know the watched losses.
class Checkpointer : public Observer {
 public:
  /// Throws as CheckpointFolder, and UsageError if there are checkpoints in the folder and options do not say `resume`.
  /// `observers` (which outlive it) are told what people should know.
  Checkpointer(const CheckpointOptions& options, Fingerprint run, std::span<Observer* const> observers);

  /// Before the first block. Puts backend and runs to where the newest good checkpoint has them, if options say so and
  /// there is one; tells of those that are damaged. Returns the seconds of training until then. Throws UsageError or
  /// DataError if the checkpoint is of other settings or data.
  double resume(Backend& backend, std::span<MemberRun> runs);

  /// Between two blocks: saves the run if it is time. `seconds`: of training so far. A failure to write is told, not
  /// thrown: the run itself is not in danger.
  void after_block(Backend& backend, std::span<const MemberRun> runs, Guards guards, double seconds);

  /// After the last block: saves the run, unless it is saved already or all members have diverged.
  void finish(Backend& backend, std::span<const MemberRun> runs, Guards guards, double seconds);

  /// After an error that ended the run: what a person can go on from, to be put behind the error's message. Saves the
  /// state that was gathered last, if that could not be written then. `chosen`: the device was not the person's choice,
  /// and has to be named.
  [[nodiscard]] std::string after_failure(bool chosen);

  /// After resume(): what the guard of a member may go back to; empty without a checkpoint.
  [[nodiscard]] std::span<const GoodState> good_states(std::size_t member) const;

  void on_epoch(const EpochReport& report) override;

  [[nodiscard]] const CheckpointReport& report() const noexcept { return report_; }

 private:
  /// How far a run is, in what intervals are counted in.
  struct Mark {
    std::int64_t epochs = 0, steps = 0;  ///< of the member that has the most
    core::Clock::time_point time = core::Clock::now();
  };
  static Mark mark_of(std::span<const MemberRun> runs);
  [[nodiscard]] bool is_due(const Mark& now) const;

  void save(Backend& backend, std::span<const MemberRun> runs, Guards guards, double seconds);
  void capture(Backend& backend, std::span<const MemberRun> runs, Guards guards);
  /// Writes what capture() has gathered; report_ tells whether that went well.
  void write();
  /// Whether the members stand where the newest checkpoint has them.
  [[nodiscard]] bool is_saved(std::span<const MemberRun> runs) const;

  /// Reads the newest checkpoint that is good; nothing if there is none.
  [[nodiscard]] std::optional<Checkpoint> newest();
  void check_run(const Checkpoint& checkpoint) const;
  void adopt(Checkpoint checkpoint, Backend& backend, std::span<MemberRun> runs);
  void tell(const std::string& note) const;

  CheckpointOptions options_;
  std::vector<Observer*> observers_;
  CheckpointFolder folder_;
  Checkpoint state_;             ///< the newest one written; before the first, only what does not change
  std::vector<double> watched_;  ///< watched losses of the members, as last measured
  Mark last_;                    ///< where a checkpoint was written, or should have been
  bool is_whole_ = false;        ///< capture() has gathered all of state_
  CheckpointReport report_;
};

}  // namespace slalom::training
