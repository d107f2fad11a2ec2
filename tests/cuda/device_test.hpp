// SPDX-License-Identifier: Apache-2.0
// What tests on a device share: the skip without one, and host copies of device memory.
#pragma once

#include <vector>

#include <gtest/gtest.h>

#include "cuda/arena.hpp"
#include "cuda/check.hpp"
#include "cuda/handle.hpp"

namespace slalom::testing {

/// Skips its tests, with the reason, where no device can be used; fails them instead if SLALOM_REQUIRE_CUDA is set.
class DeviceTest : public ::testing::Test {
 protected:
  void SetUp() override;
};

/// Device memory filled from the host.
template <class T>
class DeviceArray {
 public:
  explicit DeviceArray(const std::vector<T>& values) {
    cuda::ArenaLayout layout;
    piece_ = layout.add<T>(static_cast<std::int64_t>(values.size()));
    arena_ = cuda::Arena(layout, cuda::MemoryKind::kDevice);
    if (values.empty()) return;
    SLALOM_CHECK(cudaMemcpy(get(), values.data(), values.size() * sizeof(T), cudaMemcpyHostToDevice));
    SLALOM_CHECK(cudaDeviceSynchronize());  // the copy may return before it is done, and streams do not wait for it
  }
  [[nodiscard]] T* get() const { return arena_.pointer(piece_); }
  /// Waits for the whole device, then copies.
  [[nodiscard]] std::vector<T> to_host() const {
    std::vector<T> values(arena_.count(piece_));
    SLALOM_CHECK(cudaDeviceSynchronize());
    if (!values.empty()) {
      SLALOM_CHECK(cudaMemcpy(values.data(), get(), values.size() * sizeof(T), cudaMemcpyDeviceToHost));
    }
    return values;
  }

 private:
  cuda::Arena arena_;
  cuda::Piece<T> piece_;
};

}  // namespace slalom::testing
