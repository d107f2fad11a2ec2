// SPDX-License-Identifier: Apache-2.0
// Where a member's run stands, as a value.
#pragma once

#include <cstdint>
#include <limits>

#include "train/loss_watch.hpp"
#include "train/schedule.hpp"

namespace slalom::training {

/// All of a run that changes while it goes on, but for the list of its epochs' losses, which only grows. What is not
/// here follows from the settings: the order of an epoch, for example, from its number.
struct RunState {
  static constexpr double kNone = std::numeric_limits<double>::infinity();

  /// A point in the run: rows of `epoch` already visited, steps already done.
  struct Position {
    std::int64_t epoch = 0, row = 0, step = 0;
    bool operator==(const Position&) const = default;
  } at;
  std::int64_t samples = 0;      ///< rows visited, with those of steps that were thrown away
  std::int64_t steps_run = 0;    ///< the same of steps
  double learning_rate = 0.0;    ///< of the last step
  double loss_sum = 0.0;         ///< over the epoch's steps: loss x rows, stored-target units
  std::int64_t loss_rows = 0;    ///< of the epoch so far
  PlateauState plateau;          ///< of the schedule
  double watched_loss = kNone;   ///< best so far: validation if there is any, else training
  std::int64_t best_epoch = 0;   ///< that had it; 0: none yet
  double progress_mark = kNone;  ///< watched loss that progress is measured from
  std::int64_t epochs_without_progress = 0;
  LossWatch watch;           ///< with a guard
  double rate_scale = 1.0;   ///< what the guard has multiplied the schedule's rates by
  std::int64_t retries = 0;  ///< how often the guard has taken the run back

  bool operator==(const RunState&) const = default;
};

}  // namespace slalom::training
