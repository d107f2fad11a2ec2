// SPDX-License-Identifier: Apache-2.0
// A kernel that is compiled like all others, to be looked for.
#include "machine_code.cuh"

namespace slalom::cuda {
namespace {

/// Never launched.
__global__ void machine_code_kernel() {}

}  // namespace

cudaError_t check_machine_code() {
  cudaFuncAttributes attributes{};
  return cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(&machine_code_kernel));
}

}  // namespace slalom::cuda
