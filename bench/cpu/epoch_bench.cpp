// SPDX-License-Identifier: Apache-2.0
// Times one epoch of mini-batch training on every backend, without reading files or evaluating.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cuda/factory.hpp"
#include "data/sampler.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kRows = 16384;

/// A regression table: uniform features in [-1, 1), target = sum of the features / d.
Dataset make_data(std::int64_t n_features) {
  Dataset data{.n_rows = kRows, .n_features = n_features, .n_targets = 1};
  const std::int64_t stride = row_stride(n_features);
  data.features.resize(static_cast<std::size_t>(kRows * stride));
  data.targets.resize(static_cast<std::size_t>(kRows));
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < kRows; ++i) {
    double sum = 0.0;
    for (std::int64_t j = 0; j < n_features; ++j) {
      state = state * 1664525U + 1013904223U;  // Knuth's linear congruential generator: any numbers do here
      const double value = static_cast<double>(state) / 2147483648.0 - 1.0;
      data.features[static_cast<std::size_t>(i * stride + j)] = static_cast<float>(value);
      sum += value;
    }
    data.targets[static_cast<std::size_t>(i)] = static_cast<float>(sum / static_cast<double>(n_features));
  }
  return data;
}

/// Runs whole epochs of `spec` as one StepBlock each. The visiting order is shuffled once, outside the timed loop.
void run_epochs(benchmark::State& state, DeviceKind device, ModelSpec spec, std::int64_t batch_size) {
  const std::string no_device = device == DeviceKind::kCuda ? cuda::report_devices().unavailable : "";
  if (!no_device.empty()) {
    state.SkipWithError(no_device.c_str());
    return;
  }
  const Dataset data = make_data(spec.n_features);
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}};
  const auto backend = make_backend(device, spec, data, {&member, 1});
  backend->import_state(0, {.step = 0, .parameters = initial_parameters(spec, 1, 0), .optimizer_state = {}});
  data::Sampler sampler(kRows, {}, 1, 0, true);
  const std::int64_t steps = (kRows + batch_size - 1) / batch_size;
  const std::vector<double> learning_rates(static_cast<std::size_t>(steps), 1e-3);
  const StepBlock block{.rows = sampler.order(0), .batch_size = batch_size, .learning_rates = learning_rates};

  const BlockResult checked = backend->run({&block, 1}).front();
  if (checked.first_non_finite >= 0 || checked.losses.size() != learning_rates.size()) {
    state.SkipWithError("the epoch gave no finite losses");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(backend->run({&block, 1}));
  const auto epochs = static_cast<double>(state.iterations());
  state.SetLabel(backend->description());
  state.counters["rows/s"] = benchmark::Counter(epochs * static_cast<double>(kRows), benchmark::Counter::kIsRate);
  state.counters["s/step"] = benchmark::Counter(epochs * static_cast<double>(steps),
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_LinearEpoch(benchmark::State& state, DeviceKind device) {
  ModelSpec spec;
  spec.n_features = state.range(0);
  run_epochs(state, device, spec, state.range(1));
}

void BM_MlpEpoch(benchmark::State& state, DeviceKind device) {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = state.range(0);
  spec.hidden = {64, 64};
  run_epochs(state, device, spec, state.range(1));
}

void linear_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"features", "batch"})->ArgsProduct({{8, 128}, {1, 64, 4096}});
  bench->Unit(benchmark::kMillisecond)->UseRealTime();
}

void mlp_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"features", "batch"})->ArgsProduct({{8}, {64, 4096}});
  bench->Unit(benchmark::kMillisecond)->UseRealTime();
}

BENCHMARK_CAPTURE(BM_LinearEpoch, cpu, DeviceKind::kCpu)->Apply(linear_shapes);
BENCHMARK_CAPTURE(BM_LinearEpoch, reference, DeviceKind::kReference)->Apply(linear_shapes);
BENCHMARK_CAPTURE(BM_LinearEpoch, cuda, DeviceKind::kCuda)->Apply(linear_shapes);
BENCHMARK_CAPTURE(BM_MlpEpoch, cpu, DeviceKind::kCpu)->Apply(mlp_shapes);
BENCHMARK_CAPTURE(BM_MlpEpoch, reference, DeviceKind::kReference)->Apply(mlp_shapes);
BENCHMARK_CAPTURE(BM_MlpEpoch, cuda, DeviceKind::kCuda)->Apply(mlp_shapes);

}  // namespace
}  // namespace slalom
