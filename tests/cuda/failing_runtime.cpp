// SPDX-License-Identifier: Apache-2.0
// Answers for libcudart. Linked into a test, the test says what fails; loaded by LD_PRELOAD, the environment does:
//   SLALOM_FAILING_CUDA=,cudaMalloc,:3:once:2      the third cudaMalloc answers 2 (cudaErrorMemoryAllocation)
//   SLALOM_FAILING_CUDA=,cudaEventSynchronize,:5:lasting:700   the fifth, and then every call, answers 700
//   SLALOM_CUDA_MEMORY=BYTES                       so much device memory
#include "failing_runtime.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>
#include <sstream>

namespace slalom::testing {
namespace {

/// All state of the library; there is one runtime in a process.
struct State {
  std::mutex mutex;
  CudaFault fault;
  std::int64_t counted = 0;
  bool lost = false;
  cudaError_t pending = cudaSuccess;
  std::map<void*, std::int64_t> allocated;
  std::int64_t bytes = 0, peak = 0, limit = 0;

  State() {
    if (const char* const memory = std::getenv("SLALOM_CUDA_MEMORY")) limit = std::atoll(memory);
    const char* const text = std::getenv("SLALOM_FAILING_CUDA");
    if (text == nullptr) return;
    std::istringstream parts(text);
    std::string number, kind, error;
    std::getline(parts, fault.calls, ':');
    std::getline(parts, number, ':');
    std::getline(parts, kind, ':');
    std::getline(parts, error, ':');
    fault.number = std::stoll(number);
    fault.lasting = kind == "lasting";
    fault.error = static_cast<cudaError_t>(std::stoi(error));
  }
};

State& state() {
  static State* const kState = new State;  // lives as long as anything may call
  return *kState;
}

/// What the call `name` is to answer; success: it is passed on.
cudaError_t answer(const char* name) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  if (s.lost) return s.pending = s.fault.error;
  if (s.fault.number == 0) return cudaSuccess;
  const std::string wanted = "," + std::string(name) + ",";
  if (!s.fault.calls.empty() && s.fault.calls.find(wanted) == std::string::npos) return cudaSuccess;
  if (++s.counted != s.fault.number) return cudaSuccess;
  s.lost = s.fault.lasting;
  return s.pending = s.fault.error;
}

template <class Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

/// The pending error, and whether to forget it.
cudaError_t pending(bool forget) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  const cudaError_t error = s.pending;
  if (forget && !s.lost) s.pending = cudaSuccess;
  return error;
}

}  // namespace

void set_fault(const CudaFault& fault) {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  s.fault = fault;
  s.counted = 0;
  s.lost = false;
  s.pending = cudaSuccess;
  s.peak = s.bytes;
}

std::int64_t peak_bytes() {
  const std::lock_guard lock(state().mutex);
  return state().peak;
}

std::int64_t counted_calls() {
  const std::lock_guard lock(state().mutex);
  return state().counted;
}

std::int64_t allocated_bytes() {
  const std::lock_guard lock(state().mutex);
  return state().bytes;
}

void limit_device(std::int64_t bytes) {
  const std::lock_guard lock(state().mutex);
  state().limit = bytes;
}

}  // namespace slalom::testing

// clang-format off
#define SLALOM_FORWARD(name, parameters, arguments)                                                        \
  cudaError_t name parameters {                                                                            \
    if (const cudaError_t error = slalom::testing::answer(#name); error != cudaSuccess) return error;      \
    static const auto real = slalom::testing::next<decltype(name)>(#name);                                 \
    return real arguments;                                                                                 \
  }
// clang-format on

extern "C" {

SLALOM_FORWARD(cudaSetDevice, (int device), (device))
SLALOM_FORWARD(cudaGetDeviceCount, (int* count), (count))
SLALOM_FORWARD(cudaFuncGetAttributes, (cudaFuncAttributes * to, const void* kernel), (to, kernel))
SLALOM_FORWARD(cudaHostAlloc, (void** to, std::size_t bytes, unsigned flags), (to, bytes, flags))
SLALOM_FORWARD(cudaFreeHost, (void* memory), (memory))
SLALOM_FORWARD(cudaStreamCreateWithFlags, (cudaStream_t * to, unsigned flags), (to, flags))
SLALOM_FORWARD(cudaEventCreateWithFlags, (cudaEvent_t * to, unsigned flags), (to, flags))
SLALOM_FORWARD(cudaStreamSynchronize, (cudaStream_t stream), (stream))
SLALOM_FORWARD(cudaDeviceSynchronize, (), ())
SLALOM_FORWARD(cudaEventSynchronize, (cudaEvent_t event), (event))
SLALOM_FORWARD(cudaEventRecord, (cudaEvent_t event, cudaStream_t stream), (event, stream))
SLALOM_FORWARD(cudaStreamWaitEvent, (cudaStream_t stream, cudaEvent_t event, unsigned flags), (stream, event, flags))
SLALOM_FORWARD(cudaMemcpyAsync, (void* to, const void* from, std::size_t n, cudaMemcpyKind kind, cudaStream_t stream),
               (to, from, n, kind, stream))
SLALOM_FORWARD(cudaMemsetAsync, (void* to, int value, std::size_t n, cudaStream_t stream), (to, value, n, stream))
SLALOM_FORWARD(cudaGraphInstantiate, (cudaGraphExec_t * to, cudaGraph_t graph, unsigned long long flags),
               (to, graph, flags))
SLALOM_FORWARD(cudaGraphUpload, (cudaGraphExec_t graph, cudaStream_t stream), (graph, stream))
SLALOM_FORWARD(cudaGraphLaunch, (cudaGraphExec_t graph, cudaStream_t stream), (graph, stream))
SLALOM_FORWARD(cudaLaunchKernelExC, (const cudaLaunchConfig_t* launch, const void* kernel, void** arguments),
               (launch, kernel, arguments))
// What <<<>>> becomes, with CUDA 12 and 13.
SLALOM_FORWARD(cudaLaunchKernel,
               (const void* kernel, dim3 grid, dim3 block, void** arguments, std::size_t shared, cudaStream_t stream),
               (kernel, grid, block, arguments, shared, stream))
SLALOM_FORWARD(__cudaLaunchKernel,  // NOLINT(bugprone-reserved-identifier)
               (cudaKernel_t kernel, dim3 grid, dim3 block, void** arguments, std::size_t shared, cudaStream_t stream),
               (kernel, grid, block, arguments, shared, stream))
SLALOM_FORWARD(cudaLaunchCooperativeKernel,
               (const void* kernel, dim3 grid, dim3 block, void** arguments, std::size_t shared, cudaStream_t stream),
               (kernel, grid, block, arguments, shared, stream))

cudaError_t cudaGetLastError() {
  static const auto real = slalom::testing::next<decltype(cudaGetLastError)>("cudaGetLastError");
  const cudaError_t error = real();
  const cudaError_t ours = slalom::testing::pending(true);
  return ours != cudaSuccess ? ours : error;
}

cudaError_t cudaPeekAtLastError() {
  static const auto real = slalom::testing::next<decltype(cudaPeekAtLastError)>("cudaPeekAtLastError");
  const cudaError_t ours = slalom::testing::pending(false);
  return ours != cudaSuccess ? ours : real();
}

cudaError_t cudaMalloc(void** to, std::size_t bytes) {
  slalom::testing::State& s = slalom::testing::state();
  if (const cudaError_t error = slalom::testing::answer("cudaMalloc"); error != cudaSuccess) return error;
  const std::lock_guard lock(s.mutex);
  const auto size = static_cast<std::int64_t>(bytes);
  if (s.limit > 0 && (size > s.limit || s.bytes > s.limit - size)) return s.pending = cudaErrorMemoryAllocation;
  static const auto real = slalom::testing::next<cudaError_t(void**, std::size_t)>("cudaMalloc");
  const cudaError_t error = real(to, bytes);
  if (error != cudaSuccess) return error;
  s.allocated[*to] = size;
  s.bytes += size;
  s.peak = std::max(s.peak, s.bytes);
  return cudaSuccess;
}

cudaError_t cudaFree(void* memory) {
  slalom::testing::State& s = slalom::testing::state();
  if (const cudaError_t error = slalom::testing::answer("cudaFree"); error != cudaSuccess) return error;
  const std::lock_guard lock(s.mutex);
  if (auto node = s.allocated.extract(memory)) s.bytes -= node.mapped();
  static const auto real = slalom::testing::next<cudaError_t(void*)>("cudaFree");
  return real(memory);
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  slalom::testing::State& s = slalom::testing::state();
  if (const cudaError_t error = slalom::testing::answer("cudaMemGetInfo"); error != cudaSuccess) return error;
  static const auto real = slalom::testing::next<decltype(cudaMemGetInfo)>("cudaMemGetInfo");
  const cudaError_t error = real(free, total);
  const std::lock_guard lock(s.mutex);
  if (s.limit == 0) return error;
  *total = static_cast<std::size_t>(s.limit);
  *free = static_cast<std::size_t>(std::max<std::int64_t>(0, s.limit - s.bytes));
  return error;
}

}  // extern "C"
