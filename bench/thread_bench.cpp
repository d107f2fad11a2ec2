// SPDX-License-Identifier: Apache-2.0
// Thread scaling: the same work on 1, 2, 4, ... cores, and how fast they read memory.
#include <utility>

#include "core/huge_pages.hpp"
#include "data/sampler.hpp"
#include "thread_counts.hpp"
#include "training.hpp"

namespace slalom::bench {
namespace {

std::vector<Problem> problems() {
  return {
      {plain_model(ModelKind::kLinear, 128), 65536, 4096},
      {plain_model(ModelKind::kSoftmax, 128), 16384, 1024},
      {network(8, {64, 64}), 4096, 64},
      {network(784, {256, 128}, 10), 1024, 256},
  };
}

/// Reads an array that is larger than most caches.
void time_reads(benchmark::State& state, int threads) {
  AlignedFloats values(std::size_t{1} << 27U, 1.0F);
  core::use_huge_pages(values.data(), values.size() * sizeof(float));
  for (auto _ : state) read_memory(values, threads, 1);
  count_rate(state, "bytes/s", static_cast<double>(values.size() * sizeof(float)));
}

/// Reads rows in random order: of W2 or W3, what is left of them without arithmetic.
void time_rows(benchmark::State& state, std::int64_t n_rows, std::int64_t row_floats, int threads) {
  AlignedFloats values(static_cast<std::size_t>(n_rows * row_floats), 1.0F);
  core::use_huge_pages(values.data(), values.size() * sizeof(float));
  data::Sampler sampler(n_rows, {}, 1, 0, true);
  const std::span<const std::uint32_t> order = sampler.order(0);
  for (auto _ : state) read_rows(values, row_floats, order, threads);
  count_rate(state, "bytes/s", static_cast<double>(values.size() * sizeof(float)));
}

}  // namespace

void register_threads(Suite& suite) {
  for (const Problem& problem : problems()) {
    for (const int threads : thread_counts()) {
      const Run run{.problem = problem, .threads = threads, .timed = Timed::kEpoch};
      suite.add(
          "Threads/" + model_name(problem.spec) + "/cpu/" + shape_name(problem) + "/threads:" + std::to_string(threads),
          benchmark::kMillisecond, [&suite, run](benchmark::State& state) { time_training(state, suite, run); });
    }
  }
  const Problem population{.spec = plain_model(ModelKind::kLinear, 8), .n_rows = 20640, .n_members = 64};
  for (const int threads : thread_counts()) {
    const Run run{.problem = population, .threads = threads, .timed = Timed::kEpoch};
    suite.add("Threads/population-of-64/cpu/" + shape_name(population) + "/threads:" + std::to_string(threads),
              benchmark::kMillisecond, [&suite, run](benchmark::State& state) { time_training(state, suite, run); });
  }
  for (const int threads : thread_counts()) {
    suite.add("ReadMemory/threads:" + std::to_string(threads), benchmark::kMillisecond,
              [threads](benchmark::State& state) { time_reads(state, threads); });
    for (const auto& [n_rows, row_floats] : {std::pair<std::int64_t, std::int64_t>{200000, 512}, {463715, 96}}) {
      suite.add("ReadRows/random/bytes:" + std::to_string(row_floats * 4) + "/threads:" + std::to_string(threads),
                benchmark::kMillisecond,
                [=](benchmark::State& state) { time_rows(state, n_rows, row_floats, threads); });
    }
  }
}

}  // namespace slalom::bench
