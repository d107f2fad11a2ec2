// SPDX-License-Identifier: Apache-2.0
// Takes a member that diverged back to its last good state, with a lower learning rate.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/trainer.hpp>

#include "train/divergence.hpp"
#include "train/good_state.hpp"
#include "train/member_run.hpp"

namespace slalom::training {

/// The guard of one member. It keeps good states as snapshots of the backend: the one at the start, then, where the loss
/// is calm (LossWatch), at the ends of epochs in which the run has passed a multiple of kLeastSteps steps, and at every
/// MemberRun::kGuardStride steps of a long epoch. That depends on the position in the run only. What the last update
/// before a snapshot did shows in the first loss after it, so the snapshot before is kept, too.
class Guard {
 public:
  static constexpr std::int64_t kLeastSteps = 64;

  /// Keeps the state that `run` starts from, or those that an earlier guard of the run had (export_good). `backend` must
  /// outlive the guard; `unit`: own units of the loss over stored-target units.
  Guard(Backend& backend, std::int64_t member, const MemberRun& run, double unit, std::span<const GoodState> kept = {});

  /// After a block, and after the end of the epoch if it ended one: keeps the state of `run` if it is time to.
  void keep(const MemberRun& run);

  /// Takes the run and the backend's member back, and lowers the rate. nullopt, and nothing done, if there is no good
  /// state before the divergence or no retry left. Blocks that were announced to the backend must be taken back.
  std::optional<GuardEvent> recover(MemberRun& run, const Divergence& divergence);

  /// Takes the run and the backend's member to the last good state to stay there; does nothing if that is what training
  /// started from.
  void fall_back(MemberRun& run, const Divergence& divergence);
  [[nodiscard]] bool fell_back() const noexcept { return fell_back_; }

  /// What the guard keeps, oldest first; `states` are those of an earlier call, which are exchanged as needed. The
  /// backend's member is afterwards as it was, in the state `current`.
  void export_good(std::vector<GoodState>& states, const MemberState& current) const;

  /// All that the guard did.
  [[nodiscard]] const std::vector<GuardEvent>& events() const noexcept { return events_; }

 private:
  struct Good {
    SnapshotSlot slot = SnapshotSlot::kGood;
    RunState state;
  };
  static SnapshotSlot other(SnapshotSlot slot) {
    return slot == SnapshotSlot::kGood ? SnapshotSlot::kSpare : SnapshotSlot::kGood;
  }

  /// The last state kept before the divergence began; null if there is none.
  const Good* good_before(const Divergence& divergence);
  void go_to(const Good& good, MemberRun& run, double rate_scale, std::int64_t retries);

  Backend& backend_;
  std::int64_t member_;
  double unit_;
  Good last_;
  std::optional<Good> before_;  ///< the one before it
  std::vector<GuardEvent> events_;
  bool fell_back_ = false;
};

}  // namespace slalom::training
