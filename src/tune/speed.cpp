// SPDX-License-Identifier: Apache-2.0
// Measures steps and samples a second, and estimates memory.
#include "tune/speed.hpp"

#include <algorithm>
#include <vector>

#include <slalom/model.hpp>

#include "core/rules.hpp"
#include "train/start_members.hpp"
#include "tune/judge.hpp"

namespace slalom::tuning {
namespace {

constexpr double kTinyRate = 1e-9;  ///< any rate takes the same time, and this one cannot diverge
constexpr std::int64_t kWarmUpSteps = 64;
constexpr double kMostEpochs = 1e5;  ///< of one measurement

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
  training::start_members(*backend, {&member, 1});
  const std::int64_t rows = settings.batch_size > 0 ? std::min(settings.batch_size, train.n_rows) : train.n_rows;
  const std::int64_t epoch = (train.n_rows + rows - 1) / rows;
  TrainerConfig trainer;
  trainer.optimizer.kind = settings.optimizer;
  trainer.optimizer.learning_rate = kTinyRate;
  trainer.batch_size = settings.batch_size;
  trainer.shuffle = settings.shuffle;
  trainer.guard.on = false;
  trainer.threads = settings.options.threads;
  const auto run = [&](std::int64_t steps) {
    trainer.max_steps = steps;
    trainer.epochs = (steps + epoch - 1) / epoch;
    return slalom::train(*backend, train, nullptr, trainer, {}, {}, stop);
  };

  // Whole epochs: the drawing of an order and a last, short batch count as they do in training.
  const TrainResult warm_up = run(std::min(epoch, kWarmUpSteps));
  const double epoch_seconds = std::max(1e-9, warm_up.seconds * static_cast<double>(epoch) /
                                                  static_cast<double>(std::max<std::int64_t>(1, warm_up.steps)));
  const std::size_t n_measurements = epoch_seconds > settings.seconds ? 1 : 3;
  const double fitting = settings.seconds / static_cast<double>(n_measurements) / epoch_seconds;
  const auto n_epochs = static_cast<std::int64_t>(std::clamp(fitting, 1.0, kMostEpochs));
  std::vector<double> samples, steps;
  for (std::size_t i = 0; i < n_measurements; ++i) {
    const TrainResult result = run(n_epochs * epoch);
    if (stop != nullptr && stop->load()) return std::nullopt;
    samples.push_back(static_cast<double>(result.samples) / std::max(result.seconds, 1e-12));
    steps.push_back(static_cast<double>(result.steps) / std::max(result.seconds, 1e-12));
  }
  TrialSpeed speed;
  speed.samples_per_second = median_of(samples);
  speed.slowest = *std::min_element(samples.begin(), samples.end());
  speed.fastest = *std::max_element(samples.begin(), samples.end());
  speed.steps_per_second = median_of(steps);
  speed.seconds_per_epoch = static_cast<double>(train.n_rows) / speed.samples_per_second;
  const std::optional<std::int64_t> held = backend->memory_bytes();
  speed.memory_measured = held.has_value();
  speed.memory_bytes = held.value_or(estimated_bytes(spec, train, settings, rows));
  return speed;
}

}  // namespace slalom::tuning
