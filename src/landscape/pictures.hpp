// SPDX-License-Identifier: Apache-2.0
// What a landscape shows: pictures of panels of ways, each way a minimisation that was really done.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "landscape/surface.hpp"

namespace slalom::landscape {

/// One descent from a start.
struct Way {
  std::string label;  ///< tells it apart in its panel: "adam", "start 2"
  OptimizerConfig optimizer;
  Point start{};
  MinimizeResult result;  ///< with its path
};

/// Ways over one drawing of the surface.
struct Panel {
  std::string title;  ///< "momentum, learning rate 0.01"
  std::vector<Way> ways;
};

struct Picture {
  std::string id;           ///< "path", "rates", "starts", "optimizers"
  std::string title;        ///< a heading
  std::string description;  ///< what is to be seen, for those who do not see it
  std::vector<Panel> panels;
};

/// An optimiser to compare; without a rate it gets the surface's for its kind (default_rate).
struct Contender {
  OptimizerKind kind = OptimizerKind::kSgd;
  std::optional<double> learning_rate;
};

struct Settings {
  OptimizerConfig constants;  ///< of all optimisers; kind and learning_rate are not used
  ScheduleConfig schedule;
  std::vector<std::string> pictures;  ///< ids, in the order in which they are shown
  std::vector<Contender> contenders;  ///< at least one; the first one walks "path", "rates" and "starts"
  std::vector<double> rates;  ///< of "rates"; empty: the surface's good and high one, or those of the first optimiser
  std::vector<Point> starts;  ///< empty: the surface's; the first one is where "path", "rates" and "optimizers" begin
  std::int64_t steps = 0;     ///< 0: the surface's
  double gradient_tolerance = 0.0;  ///< see MinimizeConfig
};

inline constexpr std::size_t kMostWays = 24;        ///< of a picture
inline constexpr std::int64_t kMostSteps = 100000;  ///< of a way

/// The ids of all pictures, in order.
[[nodiscard]] const std::vector<std::string>& picture_ids();

/// Throws UsageError that names the flag of `slalom landscape`.
void validate(const Settings& settings);

/// The learning rate of an optimiser whose rate is not given: plain descent takes the surface's good one, momentum and
/// nesterov a quarter of it, and rules that divide by the size of the gradient a part of the smaller side of the drawing:
/// 1/40 (adam and its kin), 1/100 (rmsprop, lion), 1/6 (adagrad, ftrl).
[[nodiscard]] double default_rate(const Surface& surface, OptimizerKind kind);

/// Minimises for every picture, without a guard: a way that diverges is shown as it is. Stops early, with fewer
/// pictures, when *stop is set. Throws UsageError as validate, and for a start where f or its gradient is not finite.
[[nodiscard]] std::vector<Picture> make_pictures(const Surface& surface, const Settings& settings,
                                                 const std::atomic<bool>* stop = nullptr);

/// "100 steps done", "gradient 0", "diverged".
[[nodiscard]] std::string reason_text(const MinimizeResult& result);

}  // namespace slalom::landscape
