// SPDX-License-Identifier: Apache-2.0
// Owners of CUDA and cuBLAS handles: move-only, one pointer wide, destroyed without throwing.
#pragma once

#include <memory>

#include <cublasLt.h>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include "cuda/check.hpp"

namespace slalom::cuda {

/// Deleter of a handle type that is itself a pointer. Errors while destroying are ignored: at process exit the runtime
/// may already be gone, and there is nobody left to tell.
template <class Handle, auto kDestroy>
struct HandleDeleter {
  using pointer = Handle;
  void operator()(Handle handle) const noexcept { static_cast<void>(kDestroy(handle)); }
};
template <class Handle, auto kDestroy>
using Owned = std::unique_ptr<Handle, HandleDeleter<Handle, kDestroy>>;

using Stream = Owned<cudaStream_t, cudaStreamDestroy>;
using Event = Owned<cudaEvent_t, cudaEventDestroy>;
using Graph = Owned<cudaGraph_t, cudaGraphDestroy>;
using GraphExec = Owned<cudaGraphExec_t, cudaGraphExecDestroy>;
using Blas = Owned<cublasHandle_t, cublasDestroy>;
using BlasLt = Owned<cublasLtHandle_t, cublasLtDestroy>;

/// A stream that does not synchronise with the legacy default stream, which slalom never uses.
[[nodiscard]] inline Stream make_stream() {
  cudaStream_t stream = nullptr;
  SLALOM_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
  return Stream(stream);
}

/// An event for ordering streams; it takes no time.
[[nodiscard]] inline Event make_event() {
  cudaEvent_t event = nullptr;
  SLALOM_CHECK(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
  return Event(event);
}

[[nodiscard]] inline Blas make_blas() {
  cublasHandle_t handle = nullptr;
  SLALOM_CHECK(cublasCreate(&handle));
  return Blas(handle);
}

[[nodiscard]] inline BlasLt make_blas_lt() {
  cublasLtHandle_t handle = nullptr;
  SLALOM_CHECK(cublasLtCreate(&handle));
  return BlasLt(handle);
}

}  // namespace slalom::cuda
