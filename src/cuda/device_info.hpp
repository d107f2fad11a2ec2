// SPDX-License-Identifier: Apache-2.0
// What CUDA devices the machine has and whether slalom can use them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slalom::cuda {

struct DeviceInfo {
  int index = 0;
  std::string name;
  int major = 0, minor = 0;  ///< compute capability
  std::int64_t memory_bytes = 0;
  int multiprocessors = 0;
  std::int64_t shared_bytes_per_block = 0;  ///< largest opt-in shared memory of a thread block
  bool cooperative_launch = false;
  double bytes_per_second = 0.0;  ///< peak of its memory
  double flops_per_second = 0.0;  ///< peak of its float32 arithmetic
  std::string unusable;           ///< why slalom cannot use it; empty: it can
};

/// The machine's devices, and if none can be used in `reason` one line of why ("no NVIDIA driver ..."). Whether there is
/// machine code for a device is found up to the first that can be used, which becomes the device in use.
[[nodiscard]] std::vector<DeviceInfo> list_devices(std::string& reason);

/// The first device that slalom can use. Throws DeviceError (exit 69) with the reason if there is none.
[[nodiscard]] DeviceInfo usable_device();

/// "NVIDIA H100, compute capability 9.0, 132 multiprocessors, 79.6 GiB"
[[nodiscard]] std::string describe(const DeviceInfo& device);

}  // namespace slalom::cuda
