// SPDX-License-Identifier: Apache-2.0
// Whether the device in use can run what was compiled.
#pragma once

#include <cuda_runtime_api.h>

namespace slalom::cuda {

/// cudaSuccess if this build has machine code for the device, or code that its driver can translate; else why not, which is
/// left pending.
[[nodiscard]] cudaError_t check_machine_code();

}  // namespace slalom::cuda
