// SPDX-License-Identifier: Apache-2.0
// A training run as a file: everything needed to go on bit for bit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <slalom/backend.hpp>

#include "train/fingerprint.hpp"
#include "train/good_state.hpp"
#include "train/run_state.hpp"

namespace slalom::training {

/// One member of the population.
struct SavedMember {
  RunState run;
  std::vector<double> epoch_losses;
  double last_watched_loss = RunState::kNone;  ///< of the last epoch that has ended
  std::string divergence;                      ///< what happened to a diverged member; else empty
  MemberState state;
  std::optional<MemberState> best;  ///< SnapshotSlot::kBest, if it is kept
  std::vector<GoodState> good;      ///< what the guard may go back to, oldest first; empty without one
};

/// A run between two blocks.
struct Checkpoint {
  Fingerprint run;                             ///< settings and data
  double seconds = 0.0;                        ///< of training so far
  std::string best_file;                       ///< of the checkpoints before it: the one with the lowest watched loss
  double best_watched_loss = RunState::kNone;  ///< that it had
  std::vector<SavedMember> members;

  /// Steps done, over all members, with those that guards have thrown away: it only grows.
  [[nodiscard]] std::int64_t steps() const noexcept;
  /// As last measured, of the best member that has not diverged.
  [[nodiscard]] double watched_loss() const noexcept;
};

/// Writes a safetensors file (docs/checkpoints.md) atomically; every number comes back bit for bit. Throws OutputError.
void write_checkpoint(const Checkpoint& checkpoint, const std::string& path);

/// Reads what write_checkpoint wrote. The file is untrusted. Throws InputError if it cannot be opened, DataError (all
/// of them name the file) if it is truncated, damaged or something else.
[[nodiscard]] Checkpoint read_checkpoint(const std::string& path);

}  // namespace slalom::training
