// SPDX-License-Identifier: Apache-2.0
// The machine's roofline: two small probes, of memory bandwidth and of matrix products, each run once and remembered.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include <slalom/config.hpp>

#include "problem.hpp"

namespace slalom::bench {

struct Speed {
  double bytes_per_second = 0.0;
  double flops_per_second = 0.0;  ///< float32, multiply-add counted as two

  /// The least seconds that so much work can take: the roofline.
  [[nodiscard]] double floor_seconds(const Work& work) const noexcept {
    const double memory = work.bytes / bytes_per_second, arithmetic = work.flops / flops_per_second;
    return memory > arithmetic ? memory : arithmetic;
  }
};

/// Not thread-safe.
class Machine {
 public:
  /// cpu, reference: bandwidth at which `threads` threads together sum an array of `working_set` bytes (rounded up to a
  /// power of two from 16 KiB to 512 MiB) again and again, so that the same level of the caches answers that would hold
  /// the working set; and on `threads` threads the faster of oneDNN's float32 product of two 1024 x 1024 matrices and the
  /// backend's own products of large layers, where it has them, within L2.
  /// cuda: see probe_cuda(); the working set makes no difference.
  [[nodiscard]] Speed speed(DeviceKind device, std::int64_t working_set, int threads);

 private:
  struct Read {
    std::int64_t bytes = 0;
    int threads = 1;
    auto operator<=>(const Read&) const = default;
  };
  std::map<Read, double> bytes_per_second_;
  std::map<int, double> flops_per_second_;  ///< by threads
  std::optional<Speed> cuda_;
};

/// Reads `values` (a multiple of 128) `times` times, a part of them on every thread.
void read_memory(std::span<const float> values, int threads, std::int64_t times);

/// Reads rows of `row_floats` floats (a multiple of 16) in the order `order`, a part of it on every thread, each row asked
/// for 32 KiB of rows before it is used: training on rows in random order without the training.
void read_rows(std::span<const float> values, std::int64_t row_floats, std::span<const std::uint32_t> order,
               int threads);

/// Copies 512 MiB within device memory (bytes are counted twice: read and written) and multiplies two 4096 x 4096
/// float32 matrices with cuBLAS. Throws DeviceError where there is no CUDA backend or device.
[[nodiscard]] Speed probe_cuda();

}  // namespace slalom::bench
