// SPDX-License-Identifier: Apache-2.0
// Runs range tests: a population stepped along an exponential ramp of learning rates.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include <slalom/error.hpp>
#include <slalom/lr_find.hpp>
#include <slalom/model.hpp>

#include "train/member_run.hpp"
#include "train/start_members.hpp"
#include "tune/rate_pick.hpp"

namespace slalom {
namespace {

using training::MemberRun;

constexpr std::int64_t kBlockSteps = 16;  ///< between looks at the losses

std::vector<double> ramp_of(const RangeTestConfig& config) {
  std::vector<double> rates(static_cast<std::size_t>(config.steps));
  const double ratio = config.max_rate / config.min_rate;
  for (std::size_t i = 0; i < rates.size(); ++i) {
    rates[i] = config.min_rate * std::pow(ratio, static_cast<double>(i) / static_cast<double>(rates.size() - 1));
  }
  return rates;
}

/// One run along the ramp.
struct RampRun {
  MemberRun run;
  std::vector<double> losses;
  bool diverged = false;
};

/// A population of members x repeats: run r of member m is at m * repeats + r.
class Ramp {
 public:
  Ramp(const ModelSpec& spec, const Dataset& train, std::span<const RangeTestMember> members,
       const RangeTestConfig& config, const RangeTestPlace& place)
      : config_(config), rates_(ramp_of(config)), unit_(loss_unit_factor(spec, train)), n_members_(members.size()) {
    std::vector<MemberConfig> configs;
    settings_.reserve(members.size() * repeats());
    for (const RangeTestMember& member : members) {
      for (std::size_t r = 0; r < repeats(); ++r) {
        const std::uint64_t seed = place.seed + r;
        configs.push_back({.optimizer = member.optimizer, .seed = seed});
        settings_.push_back({.optimizer = member.optimizer,
                             .batch_size = member.batch_size,
                             .epochs = config.steps,  // each has at least one step
                             .max_steps = config.steps,
                             .shuffle = place.shuffle,
                             .seed = seed});
      }
    }
    BackendOptions options = place.options;
    options.expected = {.batch_size = members[0].batch_size, .epochs = config.steps, .max_steps = config.steps};
    backend_ = make_backend(place.device, spec, train, configs, options, &reason_);
    training::start_members(*backend_, configs);
    for (const TrainerConfig& settings : settings_) {
      runs_.push_back({MemberRun(settings, train.n_rows, {}, 0), {}, false});
    }
    for (std::size_t m = 0; m < n_members_; ++m) monitors_.emplace_back(config.steps);
    done_.resize(n_members_);
    diverged_.resize(n_members_);
  }

  RangeTestResult run(const std::atomic<bool>* stop) {
    RangeTestResult result;
    while (std::any_of(runs_.begin(), runs_.end(), [](const RampRun& run) { return run.run.active(); })) {
      step_block();
      for (std::size_t m = 0; m < n_members_; ++m) watch(m);
      if (stop != nullptr && stop->load()) {
        result.interrupted = true;
        break;
      }
    }
    for (std::size_t m = 0; m < n_members_; ++m) {
      result.findings.push_back(pick_rate(rates_, means_of(m, done_[m]), diverged_[m]));
    }
    result.device_description = backend_->description();
    result.device_reason = reason_;
    return result;
  }

 private:
  [[nodiscard]] std::size_t repeats() const { return static_cast<std::size_t>(config_.repeats); }

  void step_block() {
    std::vector<StepBlock> blocks;
    for (RampRun& run : runs_) {
      StepBlock block = run.run.next_block(kBlockSteps);
      block.learning_rates = std::span(rates_).subspan(run.losses.size(), block.learning_rates.size());
      blocks.push_back(block);
    }
    const std::vector<BlockResult> results = backend_->run(blocks);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      RampRun& run = runs_[i];
      if (blocks[i].rows.empty()) continue;
      run.diverged = run.run.absorb(results[i]).has_value();
      const auto n = run.diverged ? static_cast<std::size_t>(results[i].first_non_finite) : results[i].losses.size();
      for (std::size_t s = 0; s < n; ++s) run.losses.push_back(results[i].losses[s] * unit_);
      if (run.diverged) run.run.stop(StopReason::kDiverged);
      if (run.run.active() && run.run.epoch_complete()) static_cast<void>(run.run.end_epoch(0.0, 0.0));
    }
  }

  /// Takes in the steps that all runs of member m have made, and ends it once they have gone too far.
  void watch(std::size_t m) {
    const std::span<RampRun> runs = std::span(runs_).subspan(m * repeats(), repeats());
    std::size_t common = rates_.size();
    bool broken = false;
    for (const RampRun& run : runs) {
      common = std::min(common, run.losses.size());
      broken = broken || run.diverged;
    }
    const std::vector<double> means = means_of(m, common);
    while (done_[m] < common && !diverged_[m]) {
      monitors_[m].add(means[done_[m]++]);
      diverged_[m] = monitors_[m].diverged();
    }
    diverged_[m] = diverged_[m] || broken;
    if (!diverged_[m]) return;
    for (RampRun& run : runs) run.run.stop(StopReason::kDiverged);
  }

  [[nodiscard]] std::vector<double> means_of(std::size_t m, std::size_t n) const {
    std::vector<double> means(n, 0.0);
    for (std::size_t r = 0; r < repeats(); ++r) {
      const std::vector<double>& losses = runs_[m * repeats() + r].losses;
      for (std::size_t i = 0; i < n; ++i) means[i] += losses[i] / static_cast<double>(repeats());
    }
    return means;
  }

  const RangeTestConfig& config_;
  std::vector<double> rates_;
  double unit_;
  std::size_t n_members_;
  std::vector<TrainerConfig> settings_;  ///< never moves: the runs refer to it
  std::unique_ptr<Backend> backend_;
  std::string reason_;
  std::vector<RampRun> runs_;
  std::vector<tuning::SmoothedLoss> monitors_;
  std::vector<std::size_t> done_;  ///< steps of every member that its monitor has seen
  std::vector<bool> diverged_;
};

}  // namespace

void validate(const RangeTestConfig& config) {
  const auto found = [](const std::string& flag, double value, const std::string& expected) {
    return UsageError(flag + ": found " + fmt::format("{}", value) + ", expected " + expected);
  };
  if (!(config.min_rate > 0.0 && std::isfinite(config.min_rate))) {
    throw found("--min-lr", config.min_rate, "a number > 0");
  }
  if (!(config.max_rate >= 10.0 * config.min_rate && std::isfinite(config.max_rate))) {
    throw found("--max-lr", config.max_rate, "at least 10 times --min-lr");
  }
  if (config.steps < 30 || config.steps > 100000) {
    throw UsageError("--steps: found " + std::to_string(config.steps) + ", expected 30 to 100000");
  }
  if (config.repeats < 1 || config.repeats > 100) {
    throw UsageError("--repeats: found " + std::to_string(config.repeats) + ", expected 1 to 100");
  }
}

RangeTestResult range_test(const ModelSpec& spec, const Dataset& train, std::span<const RangeTestMember> members,
                           const RangeTestConfig& config, const RangeTestPlace& place, const std::atomic<bool>* stop) {
  validate(config);
  if (members.empty()) throw UsageError("range test: found 0 members, expected at least 1");
  if (train.n_rows < 1) throw DataError("training data: found 0 rows, expected at least 1");
  return Ramp(spec, train, members, config, place).run(stop);
}

}  // namespace slalom
