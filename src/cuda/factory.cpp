// SPDX-License-Identifier: Apache-2.0
// Makes the CUDA backend and reports devices, in builds that have it.
#include "cuda/factory.hpp"

#include <slalom/error.hpp>

#include "cuda/cuda_backend.hpp"
#include "cuda/device_info.hpp"

namespace slalom::cuda {
namespace {

core::GpuSpeed speed_of(const DeviceInfo& device) {
  return {.name = device.name,
          .multiprocessors = device.multiprocessors,
          .bytes_per_second = device.bytes_per_second,
          .flops_per_second = device.flops_per_second};
}

}  // namespace

bool cuda_backend_built() noexcept { return true; }

DeviceReport report_devices() {
  DeviceReport report;
  try {
    bool usable = false;
    for (const DeviceInfo& device : list_devices(report.unavailable)) {
      const std::string& obstacle = device.unusable;
      if (obstacle.empty() && !usable) report.usable = speed_of(device);
      usable = usable || obstacle.empty();
      report.devices.push_back(describe(device) + (obstacle.empty() ? "" : " (not usable: " + obstacle + ")"));
    }
  } catch (const DeviceError& error) {
    report.unavailable = error.what();
  }
  return report;
}

std::unique_ptr<Backend> make_cuda_backend(const ModelSpec& spec, const Dataset& train,
                                           std::span<const MemberConfig> members, const BackendOptions& options) {
  return std::make_unique<CudaBackend>(usable_device(), spec, train, members, options);
}

}  // namespace slalom::cuda
