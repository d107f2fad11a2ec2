// SPDX-License-Identifier: Apache-2.0
// Turns a failed call into a DeviceError.
#include "cuda/check.hpp"

#include <string>
#include <string_view>

#include <slalom/error.hpp>

namespace slalom::cuda {
namespace {

[[noreturn]] void fail(const std::string& what, const char* call, const char* file, int line) {
  std::string_view path = file;
  if (path.starts_with(SLALOM_SOURCE_ROOT)) path.remove_prefix(std::string_view(SLALOM_SOURCE_ROOT).size());
  while (path.starts_with("../")) path.remove_prefix(3);  // compilers may be given paths relative to the build folder
  throw DeviceError("CUDA: " + what + " in " + call + " (" + std::string(path) + ":" + std::to_string(line) + ")",
                    ExitCode::kDevice);
}

}  // namespace

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  fail(std::string(cudaGetErrorString(status)) + " [" + cudaGetErrorName(status) + "]", call, file, line);
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  fail(cublasGetStatusString(status), call, file, line);
}

}  // namespace slalom::cuda
