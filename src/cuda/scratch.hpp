// SPDX-License-Identifier: Apache-2.0
// Temporary device memory that is kept for the next time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

#include <cuda_runtime_api.h>

#include "cuda/arena.hpp"

namespace slalom::cuda {

/// An allocator, as Thrust's execution policies take one, for work on one stream: what is given back is handed out
/// again, so that a repeated computation allocates only the first time. Throws OutOfMemory.
class ScratchMemory {
 public:
  using value_type = char;

  explicit ScratchMemory(cudaStream_t stream) : stream_(stream) {}
  ScratchMemory(const ScratchMemory&) = delete;
  ScratchMemory& operator=(const ScratchMemory&) = delete;

  [[nodiscard]] char* allocate(std::ptrdiff_t n_bytes);
  void deallocate(char* address, std::size_t bytes);
  /// Frees what is not in use.
  void release() { free_.clear(); }
  [[nodiscard]] cudaStream_t stream() const noexcept { return stream_; }
  /// In use or kept.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept;

 private:
  cudaStream_t stream_;
  std::map<char*, Arena> used_;
  std::multimap<std::size_t, Arena> free_;  ///< by size
};

}  // namespace slalom::cuda
