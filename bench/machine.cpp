// SPDX-License-Identifier: Apache-2.0
// The host's probes: the best of several short runs, because neighbours and interrupts only ever slow one down.
#include "machine.hpp"

#include <omp.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

#include <benchmark/benchmark.h>
#include <dnnl.h>

#include <slalom/dataset.hpp>

#include "core/huge_pages.hpp"
#include "core/stopwatch.hpp"
#include "cpu/instruction_set.hpp"

namespace slalom::bench {
namespace {

using core::Clock;
using core::seconds_since;

constexpr int kRuns = 15;
constexpr std::int64_t kLeastSet = std::int64_t{1} << 14, kLargestSet = std::int64_t{1} << 29;
constexpr std::int64_t kBytesPerRun = std::int64_t{1} << 26;  ///< some milliseconds: shorter than a time slice
constexpr std::int64_t kOrder = 1024;                         ///< of the matrices that are multiplied

using Lanes [[gnu::vector_size(64)]] = float;
constexpr std::int64_t kUnrolled = 8;
constexpr std::int64_t kLaneFloats = sizeof(Lanes) / sizeof(float);
constexpr std::int64_t kAheadFloats = 8192;  ///< from the row in use to the one that is asked for

float total_of(const Lanes& lanes) {
  float total = 0.0F;
  for (std::int64_t lane = 0; lane < kLaneFloats; ++lane) total += lanes[lane];
  return total;
}

/// Reads `n` floats (a multiple of 128) `times` times. Eight sums in flight hide the latency of additions.
#if defined(__x86_64__)
[[gnu::target_clones("avx512f", "avx2", "default")]]
#endif
float sum_of(const float* values, std::int64_t n, std::int64_t times) {
  Lanes sums[kUnrolled] = {};
  for (std::int64_t pass = 0; pass < times; ++pass) {
    for (std::int64_t i = 0; i < n; i += kUnrolled * kLaneFloats) {
      for (std::int64_t k = 0; k < kUnrolled; ++k) {
        Lanes lanes;
        std::memcpy(&lanes, values + i + k * kLaneFloats, sizeof lanes);
        sums[k] += lanes;
      }
    }
  }
  Lanes all = {};
  for (const Lanes& lanes : sums) all += lanes;
  return total_of(all);
}

/// The same of rows, by a list. The first line of a row is asked for early, alone, so that where its page lies is known
/// when the others are asked for (a fifth faster for rows of 2 KB on a virtual machine).
#if defined(__x86_64__)
[[gnu::target_clones("avx512f", "avx2", "default")]]
#endif
float sum_of_rows(const float* values, std::int64_t row_floats, const std::uint32_t* order, std::int64_t n) {
  const std::int64_t ahead = std::max<std::int64_t>(4, kAheadFloats / row_floats);
  Lanes sums[4] = {};
  for (std::int64_t i = 0; i < n; ++i) {
    if (i + 2 * ahead < n) {
      __builtin_prefetch(values + static_cast<std::int64_t>(order[i + 2 * ahead]) * row_floats, 0, 2);
    }
    if (i + ahead < n) {
      const float* later = values + static_cast<std::int64_t>(order[i + ahead]) * row_floats;
      for (std::int64_t j = 0; j < row_floats; j += kLaneFloats) __builtin_prefetch(later + j, 0, 2);
    }
    const float* row = values + static_cast<std::int64_t>(order[i]) * row_floats;
    for (std::int64_t j = 0; j < row_floats; j += kLaneFloats) {
      Lanes lanes;
      std::memcpy(&lanes, row + j, sizeof lanes);
      sums[j / kLaneFloats % 4] += lanes;
    }
  }
  return total_of((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

double measure_bandwidth(std::int64_t bytes, int threads) {
  AlignedFloats values(static_cast<std::size_t>(bytes) / sizeof(float), 1.0F);
  core::use_huge_pages(values.data(), values.size() * sizeof(float));  // as for training data
  const std::int64_t times = std::max<std::int64_t>(1, kBytesPerRun / bytes);
  double best = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    const Clock::time_point start = Clock::now();
    read_memory(values, threads, times);
    best = std::max(best, static_cast<double>(bytes * times) / seconds_since(start));
  }
  return best;
}

double measure_onednn(int threads) {
  const auto size = static_cast<std::size_t>(kOrder * kOrder);
  const AlignedFloats a(size, 0.5F), b(size, 0.25F);
  AlignedFloats c(size, 0.0F);
  const int threads_before = omp_get_max_threads();
  omp_set_num_threads(threads);
  double best = 0.0;
  for (int run = 0; run < kRuns; ++run) {
    const Clock::time_point start = Clock::now();
    const dnnl_status_t status =
        dnnl_sgemm('N', 'N', kOrder, kOrder, kOrder, 1.0F, a.data(), kOrder, b.data(), kOrder, 0.0F, c.data(), kOrder);
    if (status != dnnl_success) throw std::runtime_error("dnnl_sgemm failed with " + std::to_string(status));
    best = std::max(best, 2.0 * static_cast<double>(kOrder * kOrder * kOrder) / seconds_since(start));
  }
  omp_set_num_threads(threads_before);
  benchmark::DoNotOptimize(c.data());
  return best;
}

/// With the CPU backend's products of large layers, on tiles and panels that stay in L2; 0 where it has none.
double measure_large_products(int threads) {
  const cpu::ProductKernels* const kernels = cpu::chosen_instruction_set().large_products;
  if (kernels == nullptr) return 0.0;
  constexpr std::int64_t kRows = 128, kColumns = 128, kDepth = 512, kTimes = 16;
  const auto zeros = [](std::int64_t n) { return AlignedFloats(static_cast<std::size_t>(n), 0.0F); };
  double best = 0.0;
#pragma omp parallel num_threads(threads)
  {
    const AlignedFloats tiles = zeros(kernels->tiles_floats(kRows, kDepth));
    const AlignedFloats panels = zeros(kernels->panels_floats(kDepth, kColumns));
    AlignedFloats c = zeros(kRows * kColumns);
    const cpu::Product product{.m = kRows,
                               .n = kColumns,
                               .k = kDepth,
                               .a = tiles.data(),
                               .a_in_tiles = true,
                               .panels = panels.data(),
                               .c = c.data(),
                               .c_row = kColumns,
                               .c_width = kColumns};
    for (int run = 0; run < kRuns; ++run) {
#pragma omp barrier
      const Clock::time_point start = Clock::now();
      for (std::int64_t time = 0; time < kTimes; ++time)
        kernels->multiply(product, 0, core::ceil_div(kColumns, kernels->panel));
#pragma omp barrier
#pragma omp master
      {
        constexpr double kFlops = 2.0 * static_cast<double>(kRows * kColumns * kDepth * kTimes);
        best = std::max(best, kFlops * threads / seconds_since(start));
      }
    }
    benchmark::DoNotOptimize(c.data());
  }
  return best;
}

double measure_products(int threads) { return std::max(measure_onednn(threads), measure_large_products(threads)); }

}  // namespace

void read_memory(std::span<const float> values, int threads, std::int64_t times) {
  constexpr std::int64_t kBlock = kUnrolled * kLaneFloats;
  const auto blocks = static_cast<std::int64_t>(values.size()) / kBlock;
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int t = 0; t < threads; ++t) {
    const std::int64_t from = blocks * t / threads, to = blocks * (t + 1) / threads;
    float total = sum_of(values.data() + from * kBlock, (to - from) * kBlock, times);
    benchmark::DoNotOptimize(total);
  }
}

void read_rows(std::span<const float> values, std::int64_t row_floats, std::span<const std::uint32_t> order,
               int threads) {
  const auto n = static_cast<std::int64_t>(order.size());
#pragma omp parallel for num_threads(threads) schedule(static, 1)
  for (int t = 0; t < threads; ++t) {
    const std::int64_t from = n * t / threads, to = n * (t + 1) / threads;
    float total = sum_of_rows(values.data(), row_floats, order.data() + from, to - from);
    benchmark::DoNotOptimize(total);
  }
}

Speed Machine::speed(DeviceKind device, std::int64_t working_set, int threads) {
  if (device == DeviceKind::kCuda) {
    if (!cuda_) cuda_ = probe_cuda();
    return *cuda_;
  }
  const auto clamped = static_cast<std::uint64_t>(std::clamp(working_set, kLeastSet, kLargestSet));
  const Read read{.bytes = static_cast<std::int64_t>(std::bit_ceil(clamped)), .threads = threads};
  if (!bytes_per_second_.contains(read)) bytes_per_second_[read] = measure_bandwidth(read.bytes, threads);
  if (!flops_per_second_.contains(threads)) flops_per_second_[threads] = measure_products(threads);
  return {bytes_per_second_[read], flops_per_second_[threads]};
}

}  // namespace slalom::bench
