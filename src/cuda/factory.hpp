// SPDX-License-Identifier: Apache-2.0
// The one place where the rest of slalom meets the CUDA backend; knows nothing of CUDA itself.
#pragma once

#include <memory>
#include <span>

#include <slalom/backend.hpp>

namespace slalom::cuda {

/// True if this build contains the CUDA backend.
[[nodiscard]] bool cuda_backend_built() noexcept;

/// Throws DeviceError (exit 69) when the build or the machine has none.
std::unique_ptr<Backend> make_cuda_backend(const ModelSpec& spec, const Dataset& train,
                                           std::span<const MemberConfig> members, const BackendOptions& options);

}  // namespace slalom::cuda
