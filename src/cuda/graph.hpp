// SPDX-License-Identifier: Apache-2.0
// CUDA graphs: work recorded once and launched any number of times.
#pragma once

#include <cstdint>
#include <functional>

#include <cuda_runtime_api.h>

#include "cuda/handle.hpp"

namespace slalom::cuda {

/// An executable graph; move-only.
class RecordedGraph {
 public:
  /// Records what `enqueue` puts on `stream`, which must be idle and of the device in use. None of it runs. If
  /// `enqueue` throws, the recording is dropped and the exception goes on.
  RecordedGraph(cudaStream_t stream, const std::function<void()>& enqueue);

  /// Sends it to the device, which the first launch would have to do otherwise.
  void upload(cudaStream_t stream) const;

  /// Enqueues one run of everything that was recorded.
  void launch(cudaStream_t stream) const;

  [[nodiscard]] std::int64_t kernel_nodes() const noexcept { return kernel_nodes_; }

 private:
  GraphExec executable_;
  std::int64_t kernel_nodes_ = 0;
};

}  // namespace slalom::cuda
