// SPDX-License-Identifier: Apache-2.0
// The one check of every CUDA, cuBLAS and cuBLASLt call.
#pragma once

#include <string>

#include <cublas_api.h>
#include <cuda_runtime_api.h>

/// Throws DeviceError (exit 71), OutOfMemory if that is why, with the call, the file and the line unless the call
/// succeeded.
#define SLALOM_CHECK(...) ::slalom::cuda::check((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)

/// The same behind `kernel<<<...>>>(...)`.
#define SLALOM_CHECK_LAUNCH(kernel) \
  ::slalom::cuda::check(cudaGetLastError(), "the launch of " #kernel, __FILE__, __LINE__)

namespace slalom::cuda {

/// Clears the runtime's pending error before it throws, so that a caller that recovers is not told of it again.
void check(cudaError_t status, const char* call, const char* file, int line);
void check(cublasStatus_t status, const char* call, const char* file, int line);

/// Throws the DeviceError of a call that tells in its own words what went wrong.
[[noreturn]] void fail_call(const std::string& what, const char* call, const char* file, int line);

}  // namespace slalom::cuda
