// SPDX-License-Identifier: Apache-2.0
// What a training is expected to take on the CPU and on a CUDA device: how --device auto decides. Pure;
// docs/devices.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slalom::core {

/// What is to be trained, as far as its cost goes.
struct Workload {
  std::int64_t n_rows = 0;
  std::int64_t n_features = 1;
  std::int64_t n_outputs = 1;
  std::vector<std::int64_t> hidden;
  std::int64_t batch_size = 64;  ///< 0: all rows
  std::int64_t n_members = 1;
  std::int64_t epochs = 0;     ///< 0: predictions only
  std::int64_t max_steps = 0;  ///< of a member; 0: no limit
};

struct GpuSpeed {
  std::string name;
  int multiprocessors = 1;
  double bytes_per_second = 0.0;  ///< of its memory
  double flops_per_second = 0.0;  ///< float32, multiply-add counted as two
};

/// Seconds that a training is expected to take.
struct Cost {
  double start = 0.0;  ///< before the first step
  double step = 0.0;   ///< one step of every member
  double total = 0.0;
};

[[nodiscard]] Cost cpu_cost(const Workload& work, int threads);
[[nodiscard]] Cost gpu_cost(const Workload& work, int threads, const GpuSpeed& gpu);

struct DeviceChoice {
  bool gpu = false;
  std::string reason;  ///< one line: which, and what was expected of both
};
[[nodiscard]] DeviceChoice choose_device(const Workload& work, int threads, const GpuSpeed& gpu);

}  // namespace slalom::core
