// SPDX-License-Identifier: Apache-2.0
// Asks the CUDA runtime for its devices.
#include "cuda/device_info.hpp"

#include <cstdio>

#include <cuda_runtime_api.h>

#include <slalom/error.hpp>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr int kLeastMajor = 8;  ///< the oldest architecture that machine code is made for (cmake/SlalomCuda.cmake)

DeviceInfo info_of(int index) {
  cudaDeviceProp properties{};
  SLALOM_CHECK(cudaGetDeviceProperties(&properties, index));
  DeviceInfo device;
  device.index = index;
  device.name = properties.name;
  device.major = properties.major;
  device.minor = properties.minor;
  device.memory_bytes = static_cast<std::int64_t>(properties.totalGlobalMem);
  device.multiprocessors = properties.multiProcessorCount;
  device.shared_bytes_per_block = static_cast<std::int64_t>(properties.sharedMemPerBlockOptin);
  device.cooperative_launch = properties.cooperativeLaunch != 0;
  if (device.major < kLeastMajor) {
    device.unusable = "compute capability " + std::to_string(device.major) + "." + std::to_string(device.minor) +
                      ", slalom needs 8.0 or newer";
  } else if (!device.cooperative_launch) {
    device.unusable = "it does not launch cooperative grids";
  }
  return device;
}

}  // namespace

std::vector<DeviceInfo> list_devices(std::string& reason) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    reason = status == cudaErrorNoDevice
                 ? "no CUDA device is visible"
                 : "the CUDA driver does not answer: " + std::string(cudaGetErrorString(status));
    return {};
  }
  if (count == 0) reason = "no CUDA device is visible";
  std::vector<DeviceInfo> devices;
  for (int i = 0; i < count; ++i) devices.push_back(info_of(i));
  return devices;
}

DeviceInfo usable_device() {
  std::string reason;
  for (DeviceInfo& device : list_devices(reason)) {
    if (device.unusable.empty()) return device;
    if (reason.empty()) reason = device.name + ": " + device.unusable;
  }
  throw DeviceError("--device cuda: " + reason + "; use --device cpu");
}

std::string describe(const DeviceInfo& device) {
  char memory[32];
  std::snprintf(memory, sizeof memory, "%.1f GiB", static_cast<double>(device.memory_bytes) / (1 << 30));
  return device.name + ", compute capability " + std::to_string(device.major) + "." + std::to_string(device.minor) +
         ", " + std::to_string(device.multiprocessors) + " multiprocessors, " + memory;
}

}  // namespace slalom::cuda
