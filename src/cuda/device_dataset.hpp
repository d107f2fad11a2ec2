// SPDX-License-Identifier: Apache-2.0
// A Dataset in device memory.
#pragma once

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>

#include "cuda/arena.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// What a copy of `data` takes.
[[nodiscard]] std::int64_t device_bytes(const Dataset& data) noexcept;

/// Owns a device copy of a dataset. The copy is enqueued on `stream`; the dataset must live until that is done.
class DeviceDataset {
 public:
  DeviceDataset() = default;
  DeviceDataset(const Dataset& data, cudaStream_t stream);
  [[nodiscard]] const DeviceData& view() const noexcept { return view_; }
  [[nodiscard]] std::int64_t bytes() const noexcept { return static_cast<std::int64_t>(arena_.bytes()); }

 private:
  Arena arena_;
  DeviceData view_;
};

}  // namespace slalom::cuda
