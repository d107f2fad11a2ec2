// SPDX-License-Identifier: Apache-2.0
// Hands a function to the trainer, and its result back.
#include <slalom/minimize.hpp>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "minimize/function_backend.hpp"

namespace slalom {
namespace {

using minimization::FunctionBackend;

constexpr std::int64_t kMostSteps = 1000000000000;

void require(bool ok, const char* setting, const std::string& found, const std::string& expected) {
  if (!ok) throw UsageError(fmt::format("{}: found {}, expected {}", setting, found, expected));
}

/// An epoch is a step over a single row that stands for f.
TrainerConfig trainer_of(const MinimizeConfig& config) {
  return {.optimizer = config.optimizer,
          .schedule = config.schedule,
          .batch_size = 0,
          .epochs = config.max_steps,
          .max_seconds = config.max_seconds,
          .tolerance = config.tolerance,
          .patience = config.patience,
          .shuffle = false,
          .guard = config.guard,
          .threads = 1};
}

/// The row whose absolute loss is the size of f, which the trainer judges explosions against.
Dataset row_of(const PathPoint& start, double learning_rate) {
  constexpr double kMost = 1e38;
  const double g = start.gradient_norm;
  const double size = std::fabs(start.value) + g * minimization::norm_of(start.x) + learning_rate * g * g;
  Dataset data;
  data.n_rows = 1;
  data.n_features = static_cast<std::int64_t>(start.x.size());
  data.n_targets = 1;
  data.targets = {static_cast<float>(std::min(size, kMost))};
  return data;
}

void check_start(const PathPoint& start, const Objective& f) {
  if (!std::isfinite(start.value)) {
    throw DataError(fmt::format("minimize: f at the start is {}, expected a finite number", start.value));
  }
  std::vector<double> gradient(start.x.size(), 0.0);
  if (std::isfinite(start.gradient_norm)) return;
  (void)f(start.x, gradient);
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    if (std::isfinite(gradient[i])) continue;
    throw DataError(fmt::format("minimize: element {} of the gradient at the start is {}, expected a finite number", i,
                                gradient[i]));
  }
  throw DataError("minimize: the gradient's norm at the start is infinite, expected a finite number");
}

void check_arguments(const Objective& f, std::span<const double> start, const MinimizeConfig& config) {
  validate(config);
  if (!f) throw UsageError("minimize: found no function, expected one that can be called");
  if (start.empty()) throw DataError("minimize: found a start without elements, expected at least 1");
  for (std::size_t i = 0; i < start.size(); ++i) {
    if (std::isfinite(start[i])) continue;
    throw DataError(fmt::format("minimize: element {} of the start is {}, expected a finite number", i, start[i]));
  }
  const auto size = static_cast<std::int64_t>(start.size());
  require(config.n_penalized.value_or(0) <= size, "n_penalized", std::to_string(config.n_penalized.value_or(0)),
          fmt::format("0 to {}, the size of x", size));
}

MinimizeStop reason_of(StopReason reason) {
  switch (reason) {
    case StopReason::kTime: return MinimizeStop::kTime;
    case StopReason::kConverged: return MinimizeStop::kConverged;
    case StopReason::kInterrupted: return MinimizeStop::kInterrupted;
    case StopReason::kDiverged: return MinimizeStop::kDiverged;
    case StopReason::kEpochs:
    case StopReason::kSteps:
    case StopReason::kGivenUp: break;
  }
  return MinimizeStop::kSteps;
}

std::string divergence_of(const FunctionBackend& backend, const std::vector<GuardEvent>& guard) {
  std::string before;
  if (!guard.empty()) {
    before = fmt::format("; the guard had lowered the rate {} time{}, from {:.6g}", guard.size(),
                         guard.size() > 1 ? "s" : "", guard.front().old_rate);
  }
  return fmt::format("minimize diverged: {}{}; use a smaller learning rate, clip the gradient, or scale x",
                     backend.trouble(), before);
}

}  // namespace

void validate(const MinimizeConfig& config) {
  require(config.max_steps >= 1 && config.max_steps <= kMostSteps, "max_steps", std::to_string(config.max_steps),
          "1 to 1e12");
  require(config.gradient_tolerance >= 0.0 && std::isfinite(config.gradient_tolerance), "gradient_tolerance",
          fmt::format("{}", config.gradient_tolerance), "a number >= 0");
  require(config.n_penalized.value_or(0) >= 0, "n_penalized", std::to_string(config.n_penalized.value_or(0)),
          "a number >= 0");
  validate(trainer_of(config));
}

MinimizeResult minimize(const Objective& f, std::span<const double> start, const MinimizeConfig& config,
                        std::span<Observer* const> observers, const std::atomic<bool>* stop) {
  check_arguments(f, start, config);
  FunctionBackend backend(f, start, config, stop);
  const PathPoint first = backend.point();
  check_start(first, f);
  backend.begin_path();
  MinimizeResult result;
  if (!backend.stop()) {
    const Dataset row = row_of(first, config.optimizer.learning_rate);
    const TrainerConfig trainer = trainer_of(config);
    try {
      MemberResult member = std::move(train(backend, row, &row, trainer, {}, observers, &backend.stop()).members[0]);
      result.reason = reason_of(member.reason);
      result.steps = member.steps;
      result.guard = std::move(member.guard);
      const bool kept = member.reason != StopReason::kDiverged || member.on_good_state;
      if (!kept) result.end = backend.last_finite();
    } catch (const DivergenceError&) {
      if (backend.in_function()) throw;  // by the caller's function, which minimises something, too
      result.reason = MinimizeStop::kDiverged;
      result.steps = backend.steps();
      result.end = backend.last_finite();
    }
  } else {
    result.reason = MinimizeStop::kInterrupted;
  }
  if (result.reason == MinimizeStop::kDiverged) result.divergence = divergence_of(backend, result.guard);
  if (result.end.x.empty()) result.end = backend.point();
  const bool finite = std::isfinite(result.end.value) && std::isfinite(result.end.gradient_norm);
  if (!finite) {  // the very last step, which no step after it could notice
    result.reason = MinimizeStop::kDiverged;
    result.divergence = divergence_of(backend, result.guard);
    result.end = backend.last_finite();
  }
  if (backend.gradient_is_small() && result.reason != MinimizeStop::kDiverged) result.reason = MinimizeStop::kGradient;
  result.evaluations = backend.evaluations();
  result.path = std::move(backend.path());
  return result;
}

}  // namespace slalom
