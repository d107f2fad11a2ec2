// SPDX-License-Identifier: Apache-2.0
// Asks the CUDA runtime for its devices.
#include "cuda/device_info.hpp"

#include <cstdio>

#include <cuda_runtime_api.h>

#include <slalom/error.hpp>

#include "cuda/check.hpp"
#include "machine_code.cuh"

namespace slalom::cuda {
namespace {

constexpr int kLeastMajor = 8;  ///< the oldest architecture that machine code is made for (cmake/SlalomCuda.cmake)

// Of devices that do not tell their clocks.
constexpr double kBytesPerMultiprocessor = 12e9;
constexpr double kUsualClock = 1.4e9;

/// An attribute in thousands a second, in units a second; `otherwise` where the driver does not tell.
double rate_of(int index, cudaDeviceAttr attribute, double otherwise) {
  int kilo = 0;
  SLALOM_CHECK(cudaDeviceGetAttribute(&kilo, attribute, index));
  return kilo > 0 ? 1e3 * kilo : otherwise;
}

double memory_speed(int index, const cudaDeviceProp& properties) {
  const double clock = rate_of(index, cudaDevAttrMemoryClockRate, 0.0);
  const double bytes = clock * 2.0 * properties.memoryBusWidth / 8.0;  // two transfers a clock
  return bytes > 0.0 ? bytes : kBytesPerMultiprocessor * properties.multiProcessorCount;
}

double arithmetic_speed(int index, const cudaDeviceProp& properties) {
  const double lanes = properties.major == 8 && properties.minor == 0 ? 64.0 : 128.0;  // of a multiprocessor
  return rate_of(index, cudaDevAttrClockRate, kUsualClock) * 2.0 * lanes * properties.multiProcessorCount;
}

/// Why the device cannot be used, by its properties; empty: it can.
std::string obstacle_of(const DeviceInfo& device) {
  if (device.major < kLeastMajor) {
    return "compute capability " + std::to_string(device.major) + "." + std::to_string(device.minor) +
           ", slalom needs 8.0 or newer";
  }
  return device.cooperative_launch ? "" : "it does not launch cooperative grids";
}

/// The same by trying, which gives this process a context on it: time and memory.
std::string obstacle_met(const DeviceInfo& device) {
  cudaError_t status = cudaSetDevice(device.index);
  if (status == cudaSuccess) status = check_machine_code();
  if (status == cudaSuccess) return "";
  cudaGetLastError();
  return std::string(cudaGetErrorString(status)) + " [" + cudaGetErrorName(status) + "]";
}

/// "12.4" of 12040.
std::string version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/// Why the runtime finds no devices.
std::string missing_driver(cudaError_t status) {
  if (status == cudaErrorNoDevice) return "no CUDA device is visible";
  int driver = 0;
  if (status == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess) {
    if (driver == 0) return "no NVIDIA driver is installed";
    return "the NVIDIA driver is made for CUDA " + version_text(driver) + ", this build needs " +
           version_text(CUDART_VERSION) + " or newer";
  }
  return "the CUDA driver does not answer: " + std::string(cudaGetErrorString(status));
}

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
  device.bytes_per_second = memory_speed(index, properties);
  device.flops_per_second = arithmetic_speed(index, properties);
  device.unusable = obstacle_of(device);
  return device;
}

}  // namespace

std::vector<DeviceInfo> list_devices(std::string& reason) {
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status != cudaSuccess) {
    cudaGetLastError();
    reason = missing_driver(status);
    return {};
  }
  if (count == 0) reason = "no CUDA device is visible";
  std::vector<DeviceInfo> devices;
  devices.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) devices.push_back(info_of(i));
  for (DeviceInfo& device : devices) {  // to the first that can be used, which is the one that will be
    if (device.unusable.empty()) device.unusable = obstacle_met(device);
    if (device.unusable.empty()) return devices;
  }
  if (!devices.empty()) reason = devices.front().name + ": " + devices.front().unusable;
  return devices;
}

DeviceInfo usable_device() {
  std::string reason;
  for (DeviceInfo& device : list_devices(reason)) {
    if (device.unusable.empty()) return device;
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
