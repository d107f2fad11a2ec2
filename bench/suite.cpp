// SPDX-License-Identifier: Apache-2.0
// The suite, and the command line around it.
#include "suite.hpp"

#include <omp.h>

#include <charconv>
#include <cstdio>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include <slalom/version.hpp>

#include "cuda/factory.hpp"

namespace slalom::bench {

using benchmark::Counter;

Suite::Suite(int threads, BackendMaker make)
    : make_(std::move(make)), threads_(threads > 0 ? threads : omp_get_num_procs()) {
  devices_ = {DeviceKind::kReference, DeviceKind::kCpu};
  if (cuda::report_devices().unavailable.empty()) devices_.push_back(DeviceKind::kCuda);
}

std::unique_ptr<Backend> Suite::make(DeviceKind device, const Trial& trial, int threads) const {
  return make_(device, trial.problem.spec, trial.data, members_of(trial.problem), {.threads = threads});
}

Trial& Suite::trial(const Problem& problem) {
  const std::string key = key_of(problem);
  if (key != trial_key_) {
    trial_key_.clear();
    trial_.reset();  // first: two large data sets might not fit into memory
    trial_ = std::make_unique<Trial>(problem);
    trial_key_ = key;
  }
  return *trial_;
}

void Suite::fail(benchmark::State& state, const std::string& what) {
  ++failures_;
  state.SkipWithError(what.c_str());
}

void count_rate(benchmark::State& state, const std::string& name, double per_iteration) {
  state.counters[name] = Counter(per_iteration * static_cast<double>(state.iterations()), Counter::kIsRate);
}

void count_roofline(benchmark::State& state, double floor_seconds, double seconds) {
  state.counters["roofline%"] = 100.0 * static_cast<double>(state.iterations()) * floor_seconds / seconds;
}

void register_all(Suite& suite) {
  register_epochs(suite);
  register_workloads(suite);
  register_threads(suite);
  register_products(suite);
  register_optimizers(suite);
  register_data(suite);
  register_loading(suite);
}

namespace {

constexpr std::string_view kThreadsFlag = "--threads=";

/// Takes --threads=N out of the arguments. Returns N, 0 without it, -1 if N is not a number from 1 to 1024.
int take_threads(int& argc, char** argv) {
  int threads = 0, kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument(argv[i]);
    if (!argument.starts_with(kThreadsFlag)) {
      argv[kept++] = argv[i];
      continue;
    }
    const std::string_view number = argument.substr(kThreadsFlag.size());
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), threads);
    if (error != std::errc() || end != number.data() + number.size() || threads < 1 || threads > 1024) return -1;
  }
  argc = kept;
  return threads;
}

/// What a reader of the results has to know of the machine.
void describe_machine(Suite& suite) {
  benchmark::AddCustomContext("slalom_version", kVersion);
#ifdef NDEBUG
  benchmark::AddCustomContext("slalom_build", "optimised");
#else
  benchmark::AddCustomContext("slalom_build", "NOT OPTIMISED: these times say nothing about slalom");
#endif
  benchmark::AddCustomContext("threads", std::to_string(suite.threads()));
  constexpr std::int64_t kBeyondCaches = std::int64_t{1} << 29;
  const auto describe = [&](DeviceKind device, int threads, const std::string& what) {
    const Speed speed = suite.machine().speed(device, kBeyondCaches, threads);
    benchmark::AddCustomContext(
        "roofline_" + what,
        fmt::format("{:.1f} GB/s, {:.1f} GFLOP/s", speed.bytes_per_second / 1e9, speed.flops_per_second / 1e9));
  };
  describe(DeviceKind::kCpu, 1, "1_thread");
  if (suite.threads() > 1) describe(DeviceKind::kCpu, suite.threads(), std::to_string(suite.threads()) + "_threads");
  const cuda::DeviceReport report = cuda::report_devices();
  if (report.unavailable.empty()) {
    benchmark::AddCustomContext("cuda_device", report.devices.front());
    describe(DeviceKind::kCuda, 1, "cuda");
  } else {
    benchmark::AddCustomContext("cuda_device", "none: " + report.unavailable);
  }
}

bool only_lists(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]).starts_with("--benchmark_list_tests")) return true;
  }
  return false;
}

}  // namespace

int run_suite(int argc, char** argv, const Suite::BackendMaker& make) {
  const int threads = take_threads(argc, argv);
  if (threads < 0) {
    std::fputs("slalom_bench: --threads: expected a number from 1 to 1024\n", stderr);
    return 64;
  }
  const bool listing = only_lists(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  Suite suite(threads, make);
  register_all(suite);
  if (!listing) describe_machine(suite);
  const std::size_t chosen = benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
  if (chosen == 0) return 64;
  if (suite.failures() == 0) return 0;
  std::fprintf(stderr, "slalom_bench: %d failed checks\n", suite.failures());
  return 1;
}

}  // namespace slalom::bench
