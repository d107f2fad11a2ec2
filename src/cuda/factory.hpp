// SPDX-License-Identifier: Apache-2.0
// The one place where the rest of slalom meets the CUDA backend; knows nothing of CUDA itself.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>

#include "core/cost_model.hpp"

namespace slalom::cuda {

/// True if this build contains the CUDA backend.
[[nodiscard]] bool cuda_backend_built() noexcept;

/// What `slalom devices` prints about CUDA: one line a device, and why none can be used (empty: one can).
struct DeviceReport {
  std::vector<std::string> devices;
  std::string unavailable;
  core::GpuSpeed usable;  ///< the device that would be used, if one can
};
/// Never throws for a missing driver or device: that is its answer.
[[nodiscard]] DeviceReport report_devices();

/// Throws DeviceError (exit 69) when the build or the machine has none.
std::unique_ptr<Backend> make_cuda_backend(const ModelSpec& spec, const Dataset& train,
                                           std::span<const MemberConfig> members, const BackendOptions& options);

}  // namespace slalom::cuda
