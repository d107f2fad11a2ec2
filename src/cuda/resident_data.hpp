// SPDX-License-Identifier: Apache-2.0
// The datasets that are on the device, found by where they are on the host.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>

#include "cuda/device_dataset.hpp"

namespace slalom::cuda {

/// Copies of datasets that outlive it and do not change, as many as fit.
class ResidentData {
 public:
  /// `limit`: bytes of device memory that all copies together may take.
  explicit ResidentData(std::int64_t limit) : left_(limit) {}

  /// Enqueues the upload on `stream`, unless the dataset is here already. False: it does not fit the limit or the
  /// memory that is free.
  [[nodiscard]] bool add(const Dataset& data, cudaStream_t stream);

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
  std::deque<Entry> entries_;
  std::int64_t left_;
  std::int64_t used_ = 0;
};

}  // namespace slalom::cuda
