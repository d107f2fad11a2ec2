// SPDX-License-Identifier: Apache-2.0
// Expands a tuning job into settings and batch sizes.
#include "tune/trials.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "core/philox.hpp"

namespace slalom {
namespace tuning {
namespace {

constexpr std::int64_t kSmallestAuto = 16, kLargestAuto = 65536, kAutoSteps = 8;
constexpr std::uint32_t kSearchStream = 0x53454152;  ///< keeps draws apart from the demo's table

/// The values of an axis in a grid; `own` if it has none.
std::vector<double> grid_of(const SearchAxis& axis, double own) {
  if (axis.empty()) return {own};
  if (!axis.is_range()) return axis.values;
  std::vector<double> values;
  for (std::int64_t i = 0; i < axis.points; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(axis.points - 1);
    values.push_back(axis.low * std::pow(axis.high / axis.low, part));
  }
  return values;
}

double draw(const SearchAxis& axis, double own, core::PhiloxStream& random) {
  const double uniform = random.uniform();  // drawn whether used or not: axes do not shift each other
  if (axis.empty()) return own;
  if (axis.is_range()) return axis.low * std::pow(axis.high / axis.low, uniform);
  const auto n = static_cast<double>(axis.values.size());
  return axis.values[static_cast<std::size_t>(uniform * n)];
}

std::vector<OptimizerKind> kinds_of(const TuneJob& job) {
  return job.optimizers.empty() ? std::vector<OptimizerKind>{job.train.trainer.optimizer.kind} : job.optimizers;
}

auto key_of(const OptimizerConfig& o) { return std::tuple(o.kind, o.learning_rate, o.l1, o.l2); }

}  // namespace

std::vector<std::int64_t> batch_sizes_of(const TuneJob& job, std::int64_t n_rows) {
  std::vector<std::int64_t> sizes;
  if (job.batch_sizes.empty()) {
    const std::int64_t most = std::clamp<std::int64_t>(n_rows / kAutoSteps, 1, kLargestAuto);
    for (std::int64_t size = std::min(kSmallestAuto, most >= kSmallestAuto ? kSmallestAuto : 1); size <= most;) {
      sizes.push_back(size);
      size *= 2;
    }
    return sizes;
  }
  for (const std::int64_t size : job.batch_sizes) {
    if (size > n_rows) {
      throw UsageError(
          fmt::format("--batch-sizes: found {}, expected at most {} (the training rows) or all", size, n_rows));
    }
    const std::int64_t own = size == n_rows ? 0 : size;
    if (std::find(sizes.begin(), sizes.end(), own) == sizes.end()) sizes.push_back(own);
  }
  return sizes;
}

std::vector<OptimizerConfig> settings_of(const TuneJob& job) {
  const OptimizerConfig& base = job.train.trainer.optimizer;
  std::vector<OptimizerConfig> settings;
  const auto add = [&](OptimizerKind kind, double rate, double l1, double l2) {
    OptimizerConfig setting = base;
    setting.kind = kind;
    setting.learning_rate = rate;
    setting.l1 = l1;
    setting.l2 = l2;
    const bool known = std::any_of(settings.begin(), settings.end(),
                                   [&](const OptimizerConfig& other) { return key_of(other) == key_of(setting); });
    if (!known) settings.push_back(setting);
  };
  if (job.search == SearchKind::kGrid) {
    for (const OptimizerKind kind : kinds_of(job)) {
      for (const double rate : grid_of(job.learning_rates, base.learning_rate)) {
        for (const double l1 : grid_of(job.l1, base.l1)) {
          for (const double l2 : grid_of(job.l2, base.l2)) add(kind, rate, l1, l2);
        }
      }
    }
    return settings;
  }
  const std::vector<OptimizerKind> kinds = kinds_of(job);
  for (std::int64_t t = 0; t < job.trials; ++t) {
    core::PhiloxStream random(job.train.trainer.seed, kSearchStream, core::RandomUse::kSynthetic,
                              static_cast<std::uint32_t>(t));
    const OptimizerKind kind = kinds[random.below(static_cast<std::uint32_t>(kinds.size()))];
    const double rate = draw(job.learning_rates, base.learning_rate, random);
    const double l1 = draw(job.l1, base.l1, random);
    add(kind, rate, l1, draw(job.l2, base.l2, random));
  }
  return settings;
}

double scaled_rate(LrRule rule, double rate, std::int64_t batch_size, std::int64_t own_batch_size) {
  const double ratio = static_cast<double>(batch_size) / static_cast<double>(own_batch_size);
  if (rule == LrRule::kSqrt) return rate * std::sqrt(ratio);
  if (rule == LrRule::kLinear) return rate * ratio;
  return rate;
}

}  // namespace tuning

namespace {

constexpr std::int64_t kMostMembers = 10000;

/// Values that a grid takes from an axis.
double count_of(const SearchAxis& axis) {
  if (axis.empty()) return 1.0;
  return axis.is_range() ? static_cast<double>(axis.points) : static_cast<double>(axis.values.size());
}

/// Before settings are made: there may be far too many.
double settings_count(const TuneJob& job) {
  if (job.search != SearchKind::kGrid) return static_cast<double>(job.trials);
  const auto n_kinds = static_cast<double>(std::max<std::size_t>(1, job.optimizers.size()));
  return n_kinds * count_of(job.learning_rates) * count_of(job.l1) * count_of(job.l2);
}

void validate_axis(const SearchAxis& axis, const std::string& flag, bool zero_allowed) {
  for (const double value : axis.values) {
    if (!(std::isfinite(value) && (value > 0.0 || (zero_allowed && value == 0.0)))) {
      throw UsageError(fmt::format("{}: found {}, expected numbers {} 0", flag, value, zero_allowed ? ">=" : ">"));
    }
  }
  if (!axis.is_range()) return;
  if (!(axis.low > 0.0 && axis.low < axis.high && std::isfinite(axis.high))) {
    throw UsageError(fmt::format("{}: found {}:{}, expected LOW:HIGH with 0 < LOW < HIGH", flag, axis.low, axis.high));
  }
  if (axis.points < 2 || axis.points > 1000) {
    throw UsageError(fmt::format("{}: found {} points, expected 2 to 1000", flag, axis.points));
  }
}

}  // namespace

void validate(const TuneJob& job) {
  validate(job.train);
  if (job.train.folds != 0 || job.train.restarts != 1) {
    throw UsageError("tune: found --folds or --restarts, expected neither");
  }
  if (job.devices.empty()) throw UsageError("--devices: found none, expected cpu, cuda or reference");
  for (const DeviceKind device : job.devices) {
    if (device == DeviceKind::kAuto) throw UsageError("--devices: found 'auto', expected cpu, cuda or reference");
    if (std::count(job.devices.begin(), job.devices.end(), device) > 1) {
      throw UsageError(fmt::format("--devices: found '{}' twice", name_of(device)));
    }
  }
  for (const std::int64_t size : job.batch_sizes) {
    if (size < 0) throw UsageError(fmt::format("--batch-sizes: found {}, expected numbers >= 1 or all", size));
  }
  validate_axis(job.learning_rates, "--lrs", false);
  validate_axis(job.l1, "--l1s", true);
  validate_axis(job.l2, "--l2s", true);
  if (job.lr_rule == LrRule::kFind && !job.learning_rates.empty()) {
    throw UsageError("--lrs and --lr-rule find: found both, expected one of them");
  }
  if (job.search != SearchKind::kGrid && job.learning_rates.empty() && job.l1.empty() && job.l2.empty() &&
      job.optimizers.size() < 2) {
    throw UsageError(fmt::format("--search {}: found nothing to search, expected --lrs, --optimizers, --l1s or --l2s",
                                 name_of(job.search)));
  }
  if (job.trials < 1 || job.trials > kMostMembers) {
    throw UsageError(fmt::format("--trials: found {}, expected 1 to {}", job.trials, kMostMembers));
  }
  if (job.repeats < 1 || job.repeats > 100) {
    throw UsageError(fmt::format("--repeats: found {}, expected 1 to 100", job.repeats));
  }
  if (job.target_loss && !std::isfinite(*job.target_loss)) {
    throw UsageError(fmt::format("--target-loss: found {}, expected a finite number", *job.target_loss));
  }
  if (!(job.measure_seconds > 0.0 && job.measure_seconds <= 3600.0)) {
    throw UsageError(
        fmt::format("--measure-time: found {}, expected seconds above 0, at most 3600", job.measure_seconds));
  }
  const double members = settings_count(job) * static_cast<double>(std::max<std::size_t>(1, job.batch_sizes.size())) *
                         static_cast<double>(job.devices.size()) * static_cast<double>(job.repeats);
  if (members > static_cast<double>(kMostMembers)) {
    throw UsageError(
        fmt::format("tune: found {} runs (settings x batch sizes x devices x repeats), expected at most {}", members,
                    kMostMembers));
  }
  for (const OptimizerConfig& setting : tuning::settings_of(job)) validate(setting);
}

}  // namespace slalom
