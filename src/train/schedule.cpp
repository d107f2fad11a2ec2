// SPDX-License-Identifier: Apache-2.0
// Learning-rate schedules. Definitions and sources: docs/numerics.md.
#include "train/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace slalom::training {
namespace {

/// Half a cosine from `start` (fraction 0) to `end` (fraction 1).
double cosine_between(double start, double end, double fraction) {
  return end + (start - end) * (1.0 + std::cos(std::numbers::pi * fraction)) / 2.0;
}

double power_of(double factor, std::int64_t exponent) { return std::pow(factor, static_cast<double>(exponent)); }

}  // namespace

Schedule::Schedule(const ScheduleConfig& config, double base_learning_rate, std::int64_t steps_per_epoch,
                   std::int64_t total_steps)
    : config_(config), base_(base_learning_rate), steps_per_epoch_(steps_per_epoch), total_steps_(total_steps) {
  if (config_.every == 0) config_.every = std::max<std::int64_t>(1, total_steps / 10 * 3 + total_steps % 10 * 3 / 10);
}

double Schedule::at(std::int64_t step, const PlateauState& plateau) const {
  if (step < config_.warmup_steps) {
    return base_ * static_cast<double>(step + 1) / static_cast<double>(config_.warmup_steps);
  }
  return after_warmup(step - config_.warmup_steps, plateau.rate);
}

double Schedule::after_warmup(std::int64_t step, double plateau_rate) const {
  const std::int64_t total = std::max<std::int64_t>(1, total_steps_ - config_.warmup_steps);
  const double fraction = std::min(1.0, static_cast<double>(step) / static_cast<double>(total));
  switch (config_.kind) {
    case ScheduleKind::kConstant: break;
    case ScheduleKind::kStep: return base_ * power_of(config_.factor, step / config_.every);
    case ScheduleKind::kMultiStep: {
      const auto passed = std::upper_bound(config_.milestones.begin(), config_.milestones.end(), step);
      return base_ * power_of(config_.factor, passed - config_.milestones.begin());
    }
    case ScheduleKind::kExponential: return base_ * power_of(config_.factor, step / steps_per_epoch_);
    case ScheduleKind::kInverseScaling: return base_ / std::pow(static_cast<double>(step + 1), config_.power);
    case ScheduleKind::kLinear: return base_ * (1.0 + (config_.end_factor - 1.0) * fraction);
    case ScheduleKind::kCosine: return cosine_between(base_, config_.min_learning_rate, fraction);
    case ScheduleKind::kOneCycle: return one_cycle(step, total);
    case ScheduleKind::kPlateau: return plateau_rate;
  }
  return base_;
}

double Schedule::one_cycle(std::int64_t step, std::int64_t total) const {
  const double first = base_ / config_.div_factor;
  const double last = first / config_.final_div_factor;
  const double peak = config_.pct_start * static_cast<double>(total) - 1.0;
  const double end = static_cast<double>(total) - 1.0;
  const double position = std::min(static_cast<double>(step), end);
  if (position <= peak) return cosine_between(first, base_, peak > 0.0 ? position / peak : 1.0);
  return cosine_between(base_, last, end > peak ? (position - peak) / (end - peak) : 1.0);
}

void Schedule::report(double watched_loss, PlateauState& plateau) const {
  if (config_.kind != ScheduleKind::kPlateau) return;
  if (watched_loss < plateau.best * (1.0 - config_.plateau_threshold)) {
    plateau.best = watched_loss;
    plateau.bad_epochs = 0;
  } else {
    ++plateau.bad_epochs;
  }
  if (plateau.cooldown_left > 0) {
    --plateau.cooldown_left;
    plateau.bad_epochs = 0;
  }
  if (plateau.bad_epochs > config_.plateau_patience) {
    plateau.rate = std::max(plateau.rate * config_.factor, config_.min_learning_rate);
    plateau.cooldown_left = config_.plateau_cooldown;
    plateau.bad_epochs = 0;
  }
}

}  // namespace slalom::training
