// SPDX-License-Identifier: Apache-2.0
// The workloads of docs/performance.md: epochs as the trainer runs them, and their steps alone; one thread, then more.
#include "training.hpp"

#include "thread_counts.hpp"

namespace slalom::bench {
namespace {

struct Workload {
  std::string name;
  Problem problem;
};

std::vector<Workload> workloads() {
  using enum OptimizerKind;
  return {
      {"W1", {plain_model(ModelKind::kLinear, 8), 20640, 32, kAdam}},
      {"W1sgd", {plain_model(ModelKind::kLinear, 8), 20640, 32, kSgd}},
      {"W2", {plain_model(ModelKind::kLinear, 512), 200000, 256, kAdam}},
      {"W3", {plain_model(ModelKind::kLinear, 90), 463715, 1024, kAdam}},
      {"W4", {plain_model(ModelKind::kLogistic, 123), 32561, 128, kAdam}},
      {"W4flags", {plain_model(ModelKind::kLogistic, 123), 32561, 128, kAdam, 1, true}},
      {"W5", {network(8, {64, 64}), 20640, 64, kAdam}},
      {"W6", {network(784, {256, 128}, 10), 60000, 128, kAdam}},
      {"W7", {network(784, {1024, 1024}, 10), 60000, 512, kAdam}},
  };
}

}  // namespace

void register_workloads(Suite& suite) {
  for (const Workload& work : workloads()) {
    for (const int threads : thread_counts()) {
      const auto add = [&](const std::string& prefix, Timed timed, benchmark::TimeUnit unit) {
        const Run run{.problem = work.problem, .threads = threads, .timed = timed};
        suite.add(prefix + "/" + work.name + "/cpu/threads:" + std::to_string(threads), unit,
                  [&suite, run](benchmark::State& state) { time_training(state, suite, run); });
      };
      add("Workload", Timed::kEpoch, benchmark::kMillisecond);
      add("WorkloadSteps", Timed::kStep, benchmark::kMicrosecond);
    }
  }
}

}  // namespace slalom::bench
