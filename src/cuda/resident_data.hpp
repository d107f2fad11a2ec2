// SPDX-License-Identifier: Apache-2.0
// The datasets that are on the device, found by where they are on the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <list>

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>

#include "cuda/device_dataset.hpp"

namespace slalom::cuda {

/// Copies of datasets that outlive it and do not change, as many as fit.
class ResidentData {
 public:
  /// `limit`: bytes of device memory that all copies together may take.
  explicit ResidentData(std::int64_t limit) : left_(limit) {}

  /// Enqueues the upload on `stream`, unless the dataset is here already. False: it does not fit the limit. Throws
  /// OutOfMemory if it does not fit the memory that is free.
  [[nodiscard]] bool add(const Dataset& data, cudaStream_t stream);

  /// Gives back the memory of all copies but that of `kept` (may be null: of all), which nothing may be reading; false
  /// if there are none. They are not to come again.
  bool release(const DeviceData* kept = nullptr);

  /// Takes `bytes` of the limit for something else.
  void withhold(std::int64_t bytes) { left_ = std::max<std::int64_t>(0, left_ - bytes); }

  /// Bytes of all copies.
  [[nodiscard]] std::int64_t used() const noexcept { return used_; }

  /// The copy of the dataset with these features, or null. The address stays the same.
  [[nodiscard]] const DeviceData* find(const FeatureView& x) const noexcept;

 private:
  struct Entry {
    FeatureView host;
    DeviceDataset device;
  };
  std::list<Entry> entries_;
  std::int64_t left_;
  std::int64_t used_ = 0;
};

}  // namespace slalom::cuda
