// SPDX-License-Identifier: Apache-2.0
// Times one epoch of mini-batch training on every device there is, without reading files or evaluating.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "cuda/factory.hpp"
#include "data/sampler.hpp"
#include "table.hpp"
#include "workload_bench.hpp"

namespace slalom {
namespace {

constexpr std::int64_t kRows = 16384;

/// What is trained: `n_members` copies of `spec`, each in an order of its own.
struct Problem {
  ModelSpec spec;
  std::int64_t batch_size = 64;
  std::int64_t n_members = 1;
};

/// Runs whole epochs as one StepBlock a member each. Visiting orders are shuffled once, outside the timed loop.
void run_epochs(benchmark::State& state, DeviceKind device, const Problem& problem) {
  const Dataset data = bench::make_table(kRows, problem.spec.n_features);
  std::vector<MemberConfig> members(static_cast<std::size_t>(problem.n_members));
  for (MemberConfig& member : members) member.optimizer.kind = OptimizerKind::kAdam;
  const auto backend = make_backend(device, problem.spec, data, members);
  const std::int64_t steps = (kRows + problem.batch_size - 1) / problem.batch_size;
  const std::vector<double> learning_rates(static_cast<std::size_t>(steps), 1e-3);
  std::vector<data::Sampler> samplers;
  std::vector<StepBlock> blocks;
  for (std::int64_t m = 0; m < problem.n_members; ++m) {
    backend->import_state(m, {.parameters = initial_parameters(problem.spec, 1, static_cast<std::uint64_t>(m))});
    samplers.emplace_back(kRows, std::vector<std::uint32_t>{}, 1, static_cast<std::uint32_t>(m), true);
  }
  for (data::Sampler& sampler : samplers) {
    blocks.push_back({.rows = sampler.order(0), .batch_size = problem.batch_size, .learning_rates = learning_rates});
  }

  const BlockResult checked = backend->run(blocks).front();
  if (checked.first_non_finite >= 0 || checked.losses.size() != learning_rates.size()) {
    state.SkipWithError("the epoch gave no finite losses");
    return;
  }
  for (auto _ : state) benchmark::DoNotOptimize(backend->run(blocks));
  const auto epochs = static_cast<double>(state.iterations());
  const auto rows = epochs * static_cast<double>(kRows * problem.n_members);
  state.SetLabel(backend->description());
  state.counters["rows/s"] = benchmark::Counter(rows, benchmark::Counter::kIsRate);
  state.counters["s/step"] = benchmark::Counter(epochs * static_cast<double>(steps),
                                                benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void BM_LinearEpoch(benchmark::State& state, DeviceKind device) {
  ModelSpec spec;
  spec.n_features = state.range(0);
  run_epochs(state, device, {.spec = spec, .batch_size = state.range(1)});
}

void BM_LinearSweep(benchmark::State& state, DeviceKind device) {
  ModelSpec spec;
  spec.n_features = 8;
  run_epochs(state, device, {.spec = spec, .n_members = state.range(0)});
}

void BM_MlpEpoch(benchmark::State& state, DeviceKind device) {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = state.range(0);
  spec.hidden = {64, 64};
  run_epochs(state, device, {.spec = spec, .batch_size = state.range(1)});
}

void linear_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"features", "batch"})->ArgsProduct({{8, 128}, {1, 64, 4096}});
  bench->Unit(benchmark::kMillisecond)->UseRealTime();
}

void mlp_shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"features", "batch"})->ArgsProduct({{8}, {64, 4096}});
  bench->Unit(benchmark::kMillisecond)->UseRealTime();
}

void sweep_sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"members"})->Arg(1)->Arg(132)->Unit(benchmark::kMillisecond)->UseRealTime();
}

void register_device(const std::string& name, DeviceKind device) {
  using benchmark::RegisterBenchmark;
  RegisterBenchmark(("BM_LinearEpoch/" + name).c_str(), BM_LinearEpoch, device)->Apply(linear_shapes);
  RegisterBenchmark(("BM_LinearSweep/" + name).c_str(), BM_LinearSweep, device)->Apply(sweep_sizes);
  RegisterBenchmark(("BM_MlpEpoch/" + name).c_str(), BM_MlpEpoch, device)->Apply(mlp_shapes);
}

}  // namespace

void register_benchmarks() {
  register_device("cpu", DeviceKind::kCpu);
  register_device("reference", DeviceKind::kReference);
  if (cuda::report_devices().unavailable.empty()) register_device("cuda", DeviceKind::kCuda);
}

}  // namespace slalom

int main(int argc, char** argv) {
  slalom::register_benchmarks();
  slalom::bench::register_workloads();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  return 0;
}
