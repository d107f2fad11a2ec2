// SPDX-License-Identifier: Apache-2.0
// The learning rate of every step.
#pragma once

#include <cstdint>
#include <limits>

#include <slalom/config.hpp>

namespace slalom::training {

/// What a plateau schedule remembers; the others do not use it.
struct PlateauState {
  double rate = 0.0;                                      ///< of the next steps after warm-up
  double best = std::numeric_limits<double>::infinity();  ///< watched loss that the next one has to beat
  std::int64_t bad_epochs = 0;                            ///< since it was beaten
  std::int64_t cooldown_left = 0;                         ///< epochs
  bool operator==(const PlateauState&) const = default;
};

/// A learning-rate schedule with its position-independent part resolved. Only plateau has a memory, which the caller
/// keeps.
class Schedule {
 public:
  /// base_learning_rate > 0; steps_per_epoch >= 1; total_steps >= 1 (of the whole run, warm-up included).
  Schedule(const ScheduleConfig& config, double base_learning_rate, std::int64_t steps_per_epoch,
           std::int64_t total_steps);

  /// The memory of a run that has not begun.
  [[nodiscard]] PlateauState start() const noexcept { return {.rate = base_}; }

  /// The rate of step `step`, counted from 0. Warm-up: lr (t + 1) / W for t < W; the schedule then starts at t = W.
  [[nodiscard]] double at(std::int64_t step, const PlateauState& plateau) const;

  /// Plateau: the watched loss after an epoch. PyTorch's ReduceLROnPlateau with a relative threshold. Others ignore it.
  void report(double watched_loss, PlateauState& plateau) const;

 private:
  [[nodiscard]] double after_warmup(std::int64_t step, double plateau_rate) const;
  [[nodiscard]] double one_cycle(std::int64_t step, std::int64_t total) const;

  ScheduleConfig config_;
  double base_;
  std::int64_t steps_per_epoch_;
  std::int64_t total_steps_;
};

}  // namespace slalom::training
