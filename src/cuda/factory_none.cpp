// SPDX-License-Identifier: Apache-2.0
// Stands where the CUDA backend would be in builds without it.
#include "cuda/factory.hpp"

#include <slalom/error.hpp>

namespace slalom::cuda {

bool cuda_backend_built() noexcept { return false; }

DeviceReport report_devices() { return {.devices = {}, .unavailable = "this build has no CUDA backend", .usable = {}}; }

std::unique_ptr<Backend> make_cuda_backend(const ModelSpec&, const Dataset&, std::span<const MemberConfig>,
                                           const BackendOptions&) {
  throw DeviceError("--device cuda: this build of slalom has no CUDA backend; use --device cpu");
}

}  // namespace slalom::cuda
