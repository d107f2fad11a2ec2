// SPDX-License-Identifier: Apache-2.0
// Runs the minimisations of each picture.
#include "landscape/pictures.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <slalom/error.hpp>

namespace slalom::landscape {
namespace {

void require(bool ok, const char* flag, const std::string& found, const std::string& expected) {
  if (!ok) throw UsageError(fmt::format("{}: found {}, expected {}", flag, found, expected));
}

/// The maker of all pictures of one surface.
class Maker {
 public:
  Maker(const Surface& surface, const Settings& settings, const std::atomic<bool>* stop)
      : surface_(surface),
        settings_(settings),
        stop_(stop),
        starts_(settings.starts.empty() ? surface.starts : settings.starts) {}

  [[nodiscard]] Picture make(const std::string& id) const {
    if (id == "rates") return rates();
    if (id == "starts") return starts();
    if (id == "optimizers") return optimizers();
    return path();
  }

 private:
  [[nodiscard]] const Contender& first() const { return settings_.contenders.front(); }
  [[nodiscard]] double rate_of(const Contender& contender) const {
    return contender.learning_rate.value_or(default_rate(surface_, contender.kind));
  }
  [[nodiscard]] std::string title_of(OptimizerKind kind, double rate) const {
    return fmt::format("{}, learning rate {:.6g}", name_of(kind), rate);
  }

  [[nodiscard]] Way walk(std::string label, OptimizerKind kind, double rate, const Point& start) const {
    Way way{.label = std::move(label), .optimizer = settings_.constants, .start = start};
    way.optimizer.kind = kind;
    way.optimizer.learning_rate = rate;
    const MinimizeConfig config{.optimizer = way.optimizer,
                                .schedule = settings_.schedule,
                                .max_steps = settings_.steps > 0 ? settings_.steps : surface_.steps,
                                .gradient_tolerance = settings_.gradient_tolerance,
                                .guard = {.on = false},
                                .n_penalized = surface_.n_penalized,
                                .keep_path = true};
    way.result = minimize(surface_.f, start, config, {}, stop_);
    return way;
  }

  [[nodiscard]] Picture path() const {
    const double rate = rate_of(first());
    Panel panel{.title = title_of(first().kind, rate)};
    panel.ways.push_back(walk(std::string(name_of(first().kind)), first().kind, rate, starts_[0]));
    return {
        .id = "path",
        .title = "The path down",
        .description = fmt::format("The path of {} over the contours of the surface. {}", panel.title, surface_.about),
        .panels = {std::move(panel)}};
  }

  [[nodiscard]] Picture rates() const {
    std::vector<double> rates = settings_.rates;
    if (rates.empty()) {
      const double good = rate_of(first());
      rates = {good, first().kind == OptimizerKind::kSgd && !first().learning_rate
                         ? surface_.high_rate
                         : good * surface_.high_rate / surface_.good_rate};
    }
    Picture picture{
        .id = "rates",
        .title = settings_.rates.empty() ? "A good rate beside one that overshoots" : "Learning rates side by side",
        .description =
            "The same descent with different learning rates, each in a panel of its own. A rate that is too "
            "high jumps across the valley, in the worst case further with every step."};
    for (const double rate : rates) {
      Panel panel{.title = title_of(first().kind, rate)};
      panel.ways.push_back(walk(fmt::format("rate {:.6g}", rate), first().kind, rate, starts_[0]));
      picture.panels.push_back(std::move(panel));
    }
    return picture;
  }

  [[nodiscard]] Picture starts() const {
    const double rate = rate_of(first());
    Panel panel{.title = title_of(first().kind, rate)};
    for (std::size_t i = 0; i < starts_.size(); ++i) {
      panel.ways.push_back(walk(fmt::format("start {}", i + 1), first().kind, rate, starts_[i]));
    }
    return {.id = "starts",
            .title = "Where the start decides",
            .description = "The same descent from several starting points, with where each ends.",
            .panels = {std::move(panel)}};
  }

  [[nodiscard]] Picture optimizers() const {
    Picture picture{
        .id = "optimizers",
        .title = "Optimizers side by side",
        .description = "The same start and the same number of steps for every optimizer, each in a panel of its own."};
    for (const Contender& contender : settings_.contenders) {
      const double rate = rate_of(contender);
      Panel panel{.title = title_of(contender.kind, rate)};
      panel.ways.push_back(walk(std::string(name_of(contender.kind)), contender.kind, rate, starts_[0]));
      picture.panels.push_back(std::move(panel));
    }
    return picture;
  }

  const Surface& surface_;
  const Settings& settings_;
  const std::atomic<bool>* stop_;
  std::vector<Point> starts_;
};

}  // namespace

const std::vector<std::string>& picture_ids() {
  static const std::vector<std::string> kIds{"path", "rates", "starts", "optimizers"};
  return kIds;
}

void validate(const Settings& s) {
  require(!s.contenders.empty() && s.contenders.size() <= kMostWays, "--optimizers",
          fmt::format("{} of them", s.contenders.size()), fmt::format("1 to {}", kMostWays));
  for (std::size_t i = 0; i < s.pictures.size(); ++i) {
    require(std::count(s.pictures.begin(), s.pictures.end(), s.pictures[i]) == 1, "--picture",
            s.pictures[i] + " more than once", "each picture once");
  }
  require(s.rates.size() <= kMostWays, "--rates", fmt::format("{} of them", s.rates.size()),
          fmt::format("at most {}", kMostWays));
  require(s.starts.size() <= kMostWays, "--start", fmt::format("{} of them", s.starts.size()),
          fmt::format("at most {}", kMostWays));
  require(s.steps >= 0 && s.steps <= kMostSteps, "--steps", std::to_string(s.steps),
          fmt::format("1 to {} (0: as many as suit the surface)", kMostSteps));
  require(s.gradient_tolerance >= 0.0 && std::isfinite(s.gradient_tolerance), "--gradient-tol",
          fmt::format("{}", s.gradient_tolerance), "a number >= 0");
  for (const Point& start : s.starts) {
    require(std::isfinite(start[0]) && std::isfinite(start[1]), "--start", fmt::format("{},{}", start[0], start[1]),
            "two finite numbers: X,Y");
  }
  slalom::validate(s.schedule);
  for (const Contender& contender : s.contenders) {
    OptimizerConfig optimizer = s.constants;
    optimizer.kind = contender.kind;
    optimizer.learning_rate = contender.learning_rate.value_or(1.0);
    require(optimizer.learning_rate > 0.0 && std::isfinite(optimizer.learning_rate), "--optimizers",
            fmt::format("{}={}", name_of(contender.kind), optimizer.learning_rate),
            "NAME or NAME=RATE with a rate > 0");
    slalom::validate(optimizer);
  }
  for (const double rate : s.rates) {
    require(rate > 0.0 && std::isfinite(rate), "--rates", fmt::format("{}", rate), "numbers > 0");
  }
}

double default_rate(const Surface& surface, OptimizerKind kind) {
  const double side = std::min(surface.x.width(), surface.y.width());
  switch (kind) {
    case OptimizerKind::kSgd:
    case OptimizerKind::kAveragedSgd: return surface.good_rate;
    case OptimizerKind::kMomentum:
    case OptimizerKind::kNesterov: return surface.good_rate / 4.0;
    case OptimizerKind::kRmsprop:
    case OptimizerKind::kLion: return side / 100.0;
    case OptimizerKind::kAdagrad:
    case OptimizerKind::kFtrl: return side / 6.0;
    case OptimizerKind::kAdam:
    case OptimizerKind::kAmsgrad:
    case OptimizerKind::kAdamW:
    case OptimizerKind::kNadam: break;
  }
  return side / 40.0;
}

std::vector<Picture> make_pictures(const Surface& surface, const Settings& settings, const std::atomic<bool>* stop) {
  validate(settings);
  for (const Point& start : settings.starts) {
    Point gradient{};
    const double value = surface.f(start, gradient);
    require(
        std::isfinite(value) && std::isfinite(std::hypot(gradient[0], gradient[1])), "--start",
        fmt::format("{},{}, where f is {} and its gradient {},{}", start[0], start[1], value, gradient[0], gradient[1]),
        "a point where they are finite");
  }
  const Maker maker(surface, settings, stop);
  std::vector<Picture> pictures;
  for (const std::string& id : settings.pictures) {
    if (stop != nullptr && stop->load()) break;
    pictures.push_back(maker.make(id));
  }
  return pictures;
}

std::string reason_text(const MinimizeResult& result) {
  switch (result.reason) {
    case MinimizeStop::kSteps: return "all steps done";
    case MinimizeStop::kGradient: return "gradient small enough";
    case MinimizeStop::kConverged: return "no more progress";
    case MinimizeStop::kTime: return "out of time";
    case MinimizeStop::kInterrupted: return "interrupted";
    case MinimizeStop::kDiverged: return "diverged";
  }
  return "";
}

}  // namespace slalom::landscape
