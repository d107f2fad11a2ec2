// SPDX-License-Identifier: Apache-2.0
// The workloads of docs/performance.md: epochs of linear models, shuffled anew every epoch, and the memory bandwidth
// that bounds the large ones. Each is checked against the reference path before it is timed.
#include "workload_bench.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "data/sampler.hpp"
#include "table.hpp"

namespace slalom::bench {
namespace {

struct Workload {
  std::string name;
  bool logistic = false;
  std::int64_t n_rows = 0;
  std::int64_t n_features = 0;
  std::int64_t batch_size = 0;
  OptimizerKind optimizer = OptimizerKind::kAdam;
};

ModelSpec spec_of(const Workload& work) {
  ModelSpec spec;
  spec.n_features = work.n_features;
  if (work.logistic) {
    spec.kind = ModelKind::kLogistic;
    spec.loss.kind = LossKind::kBce;
  }
  return spec;
}

/// One epoch; returns its mean loss.
double run_epoch(Backend& backend, const Workload& work, data::Sampler& sampler, std::int64_t epoch) {
  const std::int64_t steps = (work.n_rows + work.batch_size - 1) / work.batch_size;
  const std::vector<double> rates(static_cast<std::size_t>(steps), 1e-3);
  const StepBlock block{.rows = sampler.order(epoch), .batch_size = work.batch_size, .learning_rates = rates};
  const BlockResult result = backend.run({&block, 1}).front();
  return std::accumulate(result.losses.begin(), result.losses.end(), 0.0) / static_cast<double>(steps);
}

std::unique_ptr<Backend> start(DeviceKind device, const Workload& work, const Dataset& data, int threads) {
  const MemberConfig member{.optimizer = {.kind = work.optimizer}};
  auto backend = make_backend(device, spec_of(work), data, {&member, 1}, {.threads = threads});
  backend->import_state(0, {.parameters = initial_parameters(backend->spec(), 1, 0)});
  return backend;
}

void run_workload(benchmark::State& state, const Workload& work, bool shuffled) {
  const Dataset data = make_table(work.n_rows, work.n_features, work.logistic);
  const auto threads = static_cast<int>(state.range(0));
  data::Sampler sampler(work.n_rows, {}, 1, 0, true);
  const double expected = run_epoch(*start(DeviceKind::kReference, work, data, 1), work, sampler, 0);
  const auto backend = start(DeviceKind::kCpu, work, data, threads);
  const double actual = run_epoch(*backend, work, sampler, 0);
  if (!(std::fabs(actual - expected) <= 1e-4 * expected)) {
    state.SkipWithError("the first epoch's loss is not the reference path's");
    return;
  }
  std::int64_t epoch = 0;
  for (auto _ : state) benchmark::DoNotOptimize(run_epoch(*backend, work, sampler, shuffled ? ++epoch : 0));
  const auto epochs = static_cast<double>(state.iterations());
  const auto rows = epochs * static_cast<double>(work.n_rows);
  const auto steps = epochs * static_cast<double>((work.n_rows + work.batch_size - 1) / work.batch_size);
  state.SetLabel(backend->description());
  using benchmark::Counter;
  state.counters["s/step"] = Counter(steps, Counter::kIsRate | Counter::kInvert);
  state.counters["rows/s"] = Counter(rows, Counter::kIsRate);
  state.counters["bytes/s"] = Counter(rows * 4.0 * static_cast<double>(row_stride(work.n_features)), Counter::kIsRate);
}

/// Sums an array far larger than the caches: what a core can read.
void BM_ReadBandwidth(benchmark::State& state) {
  const AlignedFloats values(std::size_t{1} << 27U, 1.0F);
  constexpr std::size_t kLanes = 64;
  const auto threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
#pragma omp parallel num_threads(threads)
    {
      float sums[kLanes] = {};
#pragma omp for schedule(static)
      for (std::size_t i = 0; i < values.size(); i += kLanes) {
        for (std::size_t lane = 0; lane < kLanes; ++lane) sums[lane] += values[i + lane];
      }
      benchmark::DoNotOptimize(sums);
    }
  }
  state.counters["bytes/s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * 4.0 * static_cast<double>(values.size()), benchmark::Counter::kIsRate);
}

}  // namespace

void register_workloads() {
  const std::vector<Workload> workloads{
      {.name = "W1", .n_rows = 20640, .n_features = 8, .batch_size = 32},
      {.name = "W1sgd", .n_rows = 20640, .n_features = 8, .batch_size = 32, .optimizer = OptimizerKind::kSgd},
      {.name = "W2", .n_rows = 200000, .n_features = 512, .batch_size = 256},
      {.name = "W3", .n_rows = 463715, .n_features = 90, .batch_size = 1024},
      {.name = "W4", .logistic = true, .n_rows = 32561, .n_features = 123, .batch_size = 128},
  };
  const auto add = [](const std::string& name, auto body) {
    benchmark::RegisterBenchmark(name.c_str(), body)
        ->ArgName("threads")
        ->Arg(1)
        ->Arg(2)
        ->Unit(benchmark::kMillisecond)
        ->UseRealTime();
  };
  for (const Workload& work : workloads) {
    add("BM_Workload/" + work.name, [work](benchmark::State& state) { run_workload(state, work, true); });
    add("BM_WorkloadSteps/" + work.name, [work](benchmark::State& state) { run_workload(state, work, false); });
  }
  add("BM_ReadBandwidth", BM_ReadBandwidth);
}

}  // namespace slalom::bench
