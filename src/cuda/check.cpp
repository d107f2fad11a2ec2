// SPDX-License-Identifier: Apache-2.0
// Turns a failed call into a DeviceError.
#include "cuda/check.hpp"

#include <string>
#include <string_view>

#include <slalom/error.hpp>

#include "cuda/shortage.hpp"

namespace slalom::cuda {
namespace {

template <class Failure>
[[noreturn]] void fail(const std::string& what, const char* call, const char* file, int line) {
  std::string_view path = file;
  if (path.starts_with(SLALOM_SOURCE_ROOT)) path.remove_prefix(std::string_view(SLALOM_SOURCE_ROOT).size());
  while (path.starts_with("../")) path.remove_prefix(3);  // compilers may be given paths relative to the build folder
  throw Failure("CUDA: " + what + " in " + call + " (" + std::string(path) + ":" + std::to_string(line) + ")");
}

class FailedCall : public DeviceError {
 public:
  explicit FailedCall(const std::string& message) : DeviceError(message, ExitCode::kDevice) {}
};

}  // namespace

void check(cudaError_t status, const char* call, const char* file, int line) {
  if (status == cudaSuccess) return;
  cudaGetLastError();
  const std::string what = std::string(cudaGetErrorString(status)) + " [" + cudaGetErrorName(status) + "]";
  if (status == cudaErrorMemoryAllocation) fail<OutOfMemory>(what, call, file, line);
  fail<FailedCall>(what, call, file, line);
}

void check(cublasStatus_t status, const char* call, const char* file, int line) {
  if (status == CUBLAS_STATUS_SUCCESS) return;
  if (status == CUBLAS_STATUS_ALLOC_FAILED) fail<OutOfMemory>(cublasGetStatusString(status), call, file, line);
  fail<FailedCall>(cublasGetStatusString(status), call, file, line);
}

void fail_call(const std::string& what, const char* call, const char* file, int line) {
  fail<FailedCall>(what, call, file, line);
}

}  // namespace slalom::cuda
