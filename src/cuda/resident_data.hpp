// SPDX-License-Identifier: Apache-2.0
// The datasets that are on the device, found by where they are on the host.
#pragma once

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

  /// The copy of the dataset with these features, or null. The address stays the same.
  [[nodiscard]] const DeviceData* find(const FeatureView& x) const noexcept;

 private:
  struct Entry {
    FeatureView host;
    DeviceDataset device;
  };
  std::deque<Entry> entries_;
  std::int64_t left_;
};

}  // namespace slalom::cuda
