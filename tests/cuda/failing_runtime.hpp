// SPDX-License-Identifier: Apache-2.0
// A CUDA runtime that fails on request: what is linked before libcudart answers in its place, or passes calls on.
#pragma once

#include <cstdint>
#include <string>

#include <cuda_runtime_api.h>

namespace slalom::testing {

/// Which call fails, and how.
struct CudaFault {
  std::string calls;        ///< names, each between commas: ",cudaMalloc,cudaHostAlloc,"; empty: all of them
  std::int64_t number = 0;  ///< of those calls, counted from 1; 0: none fails
  bool lasting = false;     ///< a device that is lost: every call from then on fails, whatever its name
  cudaError_t error = cudaErrorMemoryAllocation;
};

/// From now on; counts anew.
void set_fault(const CudaFault& fault);
/// Calls since then that the fault is about.
[[nodiscard]] std::int64_t counted_calls();

/// Device memory that cudaMalloc has given and cudaFree not taken back.
[[nodiscard]] std::int64_t allocated_bytes();
/// The most that it was since set_fault().
[[nodiscard]] std::int64_t peak_bytes();
/// From now on there is so much of it in all, and cudaMemGetInfo says so; 0: as much as there is.
void limit_device(std::int64_t bytes);

}  // namespace slalom::testing
