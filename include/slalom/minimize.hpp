// SPDX-License-Identifier: Apache-2.0
// Minimises a differentiable function of the caller with the trainer's optimisers, schedules and stopping rules.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slalom/config.hpp>
#include <slalom/trainer.hpp>

namespace slalom {

/// Returns f(x) and writes f's gradient at x to `gradient`, which has x's size and holds zeros. Called with finite x
/// only, from the calling thread; what it throws leaves minimize() as it is.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

/// How to minimise. It is the training of a model by batch gradient descent, so an epoch is a step: that is what
/// schedules (exponential, plateau) and `patience` count. Ranges and meanings are those of TrainerConfig.
struct MinimizeConfig {
  OptimizerConfig optimizer;
  ScheduleConfig schedule;
  std::int64_t max_steps = 1000;    ///< 1 to 1e12
  double max_seconds = 0.0;         ///< 0: no limit
  double gradient_tolerance = 0.0;  ///< stop where the gradient's Euclidean norm is not above this; 0: where it is 0
  double tolerance = 0.0;           ///< smallest decrease of f that counts as progress
  std::int64_t patience = 0;        ///< steps without progress before stopping; 0: never, or 5 if tolerance > 0. With
                                    ///< patience or tolerance, the result is the best point rather than the last one
  GuardConfig guard;                ///< what happens where f, its gradient or x stop being finite, or f explodes
  std::optional<std::int64_t> n_penalized;  ///< l1, l2 and weight decay act on elements [0, n) of x; unset: on all
  bool keep_path = false;                   ///< fill MinimizeResult::path
};

/// Throws UsageError that names the setting, what was found and what was expected.
void validate(const MinimizeConfig& config);

/// A point that the optimiser came to.
struct PathPoint {
  std::int64_t step = 0;  ///< steps done; 0: the start
  std::vector<double> x;
  double value = 0.0;          ///< f(x), without penalties
  double gradient_norm = 0.0;  ///< Euclidean, of f without penalties, before clipping
  double learning_rate = 0.0;  ///< of the step that led here; 0 for the start
};

enum class MinimizeStop {
  kSteps,        ///< max_steps done
  kGradient,     ///< the gradient is as small as gradient_tolerance
  kConverged,    ///< no more progress: tolerance, patience
  kTime,         ///< max_seconds passed
  kInterrupted,  ///< *stop was set
  kDiverged      ///< f, its gradient or x stopped being finite, or f exploded, and the guard was off or gave up
};

struct MinimizeResult {
  PathPoint end;  ///< the minimum found. averaged-sgd: the mean of the iterates
  MinimizeStop reason = MinimizeStop::kSteps;
  std::int64_t steps = 0;         ///< done until the end; fewer are in `end` if the best or last good point is older
  std::int64_t evaluations = 0;   ///< calls of f
  std::string divergence;         ///< what happened if the reason is kDiverged, as one sentence; else empty
  std::vector<GuardEvent> guard;  ///< what the guard did
  std::vector<PathPoint> path;    ///< every point with finite f and gradient from the start on, if asked for
};

/// Minimises f from `start` in float64. f is evaluated once a step (averaged-sgd: twice), and once at the start. Update
/// rules, proximal l1 steps, clipping, schedules, guard and early stopping are the trainer's own (docs/numerics.md has
/// formulas and sources), and so are `observers`: on_epoch is called after every step, with f before it as train_loss
/// and f after it as valid->loss. Explosions are judged against the size of f at the start,
/// |f| + |g| |x| + learning rate |g|^2. Calls with the same arguments give the same bits.
/// If it diverges (kDiverged), `end` is what the guard or early stopping kept, or else the last point with finite f and
/// gradient. Throws UsageError for bad settings, DataError if start is empty, or if it, f or the gradient there is not
/// finite.
[[nodiscard]] MinimizeResult minimize(const Objective& f, std::span<const double> start, const MinimizeConfig& config,
                                      std::span<Observer* const> observers = {},
                                      const std::atomic<bool>* stop = nullptr);

/// The largest difference between a gradient and central differences.
struct GradientCheck {
  double error = 0.0;     ///< |given - numeric| / max(1, |given|, |numeric|); infinite if one of them is not finite
  std::size_t index = 0;  ///< of the element with that error
  double given = 0.0;     ///< by f
  double numeric = 0.0;   ///< (f(x + h) - f(x - h)) / 2h, h = cbrt(2^-52) max(1, |x|)
};

/// Compares f's gradient at x, element by element, with central differences of second order (Nocedal & Wright 2006,
/// section 8.1): for smooth f of size about 1 a right gradient has an error of about 1e-10. 2 x.size() + 1 calls of f.
[[nodiscard]] GradientCheck check_gradient(const Objective& f, std::span<const double> x);

}  // namespace slalom
