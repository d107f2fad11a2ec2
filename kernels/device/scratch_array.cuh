// SPDX-License-Identifier: Apache-2.0
// Temporary arrays for Thrust.
#pragma once

#include <cstdint>
#include <vector>

#include <thrust/device_ptr.h>

#include "cuda/check.hpp"
#include "cuda/scratch.hpp"

namespace slalom::cuda {

/// An uninitialised array of scratch memory; gives it back when it ends.
template <class T>
class ScratchArray {
 public:
  ScratchArray(ScratchMemory& scratch, std::int64_t count)
      : scratch_(scratch),
        data_(reinterpret_cast<T*>(scratch.allocate(count * static_cast<std::int64_t>(sizeof(T))))),
        count_(count) {}
  ~ScratchArray() { scratch_.deallocate(reinterpret_cast<char*>(data_), static_cast<std::size_t>(count_) * sizeof(T)); }
  ScratchArray(const ScratchArray&) = delete;
  ScratchArray& operator=(const ScratchArray&) = delete;

  [[nodiscard]] thrust::device_ptr<T> begin() const { return thrust::device_ptr<T>(data_); }
  [[nodiscard]] thrust::device_ptr<T> end() const { return begin() + count_; }
  [[nodiscard]] std::vector<T> to_host() const {
    std::vector<T> values(static_cast<std::size_t>(count_));
    SLALOM_CHECK(
        cudaMemcpyAsync(values.data(), data_, values.size() * sizeof(T), cudaMemcpyDeviceToHost, scratch_.stream()));
    SLALOM_CHECK(cudaStreamSynchronize(scratch_.stream()));
    return values;
  }

 private:
  ScratchMemory& scratch_;
  T* data_;
  std::int64_t count_;
};

}  // namespace slalom::cuda
