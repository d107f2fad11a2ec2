// SPDX-License-Identifier: Apache-2.0
// The learning rate of every step.
#pragma once

#include <cstdint>
#include <limits>

#include <slalom/config.hpp>

namespace slalom::training {

/// A learning-rate schedule with its position-independent part resolved; only plateau has a memory.
class Schedule {
 public:
  /// base_learning_rate > 0; steps_per_epoch >= 1; total_steps >= 1 (of the whole run, warm-up included).
  Schedule(const ScheduleConfig& config, double base_learning_rate, std::int64_t steps_per_epoch,
           std::int64_t total_steps);

  /// The rate of step `step`, counted from 0. Warm-up: lr (t + 1) / W for t < W; the schedule then starts at t = W.
  [[nodiscard]] double at(std::int64_t step) const;

  /// Plateau: the watched loss after an epoch. PyTorch's ReduceLROnPlateau with a relative threshold. Others ignore it.
  void report(double watched_loss);

 private:
  [[nodiscard]] double after_warmup(std::int64_t step) const;
  [[nodiscard]] double one_cycle(std::int64_t step, std::int64_t total) const;

  ScheduleConfig config_;
  double base_;
  std::int64_t steps_per_epoch_;
  std::int64_t total_steps_;
  double plateau_rate_;
  double plateau_best_ = std::numeric_limits<double>::infinity();
  std::int64_t bad_epochs_ = 0;
  std::int64_t cooldown_left_ = 0;
};

}  // namespace slalom::training
