// SPDX-License-Identifier: Apache-2.0
// Measures steps and samples a second, and estimates memory.
#include "tune/speed.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <slalom/model.hpp>

#include "core/rules.hpp"
#include "tune/judge.hpp"

namespace slalom::tuning {
namespace {

constexpr double kTinyRate = 1e-9;  ///< any rate takes the same time, and this one cannot diverge
constexpr std::int64_t kWarmUpSteps = 64;

/// Bytes that training needs at least: data, parameters, optimiser state, gradient, activations and their gradients of
/// a batch.
std::int64_t estimated_bytes(const ModelSpec& spec, const Dataset& train, const SpeedSettings& settings,
                             std::int64_t rows_per_step) {
  const ParameterLayout layout(spec);
  const std::int64_t slots = core::resolve_rule({.kind = settings.optimizer}).n_slots;
  std::int64_t units = spec.n_outputs;
  for (const std::int64_t width : spec.hidden) units += width;
  const auto data = static_cast<std::int64_t>(train.features.size() + train.targets.size() + train.labels.size() +
                                              train.weights.size());
  const std::int64_t values = data + layout.n_total + layout.n_trainable * (slots + 1) + 2 * units * rows_per_step;
  return values * static_cast<std::int64_t>(sizeof(float));
}

}  // namespace

std::optional<TrialSpeed> measure_speed(const ModelSpec& spec, const Dataset& train, const SpeedSettings& settings,
                                        const std::atomic<bool>* stop) {
  const MemberConfig member{.optimizer = {.kind = settings.optimizer}};
  const auto backend = make_backend(settings.device, spec, train, {&member, 1}, settings.options);
  backend->import_state(0, {.parameters = initial_parameters(spec, member.seed, 0)});
  const std::int64_t rows = settings.batch_size > 0 ? std::min(settings.batch_size, train.n_rows) : train.n_rows;
  const std::int64_t epoch = (train.n_rows + rows - 1) / rows;
  TrainerConfig trainer;
  trainer.optimizer.kind = settings.optimizer;
  trainer.optimizer.learning_rate = kTinyRate;
  trainer.batch_size = settings.batch_size;
  trainer.shuffle = settings.shuffle;
  trainer.threads = settings.options.threads;
  const auto run = [&](std::int64_t steps) {
    trainer.max_steps = steps;
    trainer.epochs = (steps + epoch - 1) / epoch;
    return slalom::train(*backend, train, nullptr, trainer, {}, {}, stop);
  };

  const TrainResult warm_up = run(std::min(epoch, kWarmUpSteps));
  const double step_seconds = warm_up.seconds / static_cast<double>(std::max<std::int64_t>(1, warm_up.steps));
  std::array<double, 3> samples{}, steps{};
  const double budget = settings.seconds / static_cast<double>(samples.size());
  const double fitting = std::clamp(budget / std::max(step_seconds, 1e-9), 1.0, 1e12);
  std::int64_t n_steps = std::max<std::int64_t>(1, static_cast<std::int64_t>(fitting));
  if (n_steps >= epoch) n_steps -= n_steps % epoch;  // whole epochs: the last, short batch counts as it should
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const TrainResult result = run(n_steps);
    if (stop != nullptr && stop->load()) return std::nullopt;
    samples[i] = static_cast<double>(result.samples) / std::max(result.seconds, 1e-12);
    steps[i] = static_cast<double>(result.steps) / std::max(result.seconds, 1e-12);
  }
  TrialSpeed speed;
  speed.samples_per_second = median_of({samples.begin(), samples.end()});
  speed.slowest = *std::min_element(samples.begin(), samples.end());
  speed.fastest = *std::max_element(samples.begin(), samples.end());
  speed.steps_per_second = median_of({steps.begin(), steps.end()});
  speed.seconds_per_epoch = static_cast<double>(train.n_rows) / speed.samples_per_second;
  const std::optional<std::int64_t> held = backend->memory_bytes();
  speed.memory_measured = held.has_value();
  speed.memory_bytes = held.value_or(estimated_bytes(spec, train, settings, rows));
  return speed;
}

}  // namespace slalom::tuning
