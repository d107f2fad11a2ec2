// SPDX-License-Identifier: Apache-2.0
// The datasets that are on the device, found by where they are on the host.
#pragma once

#include <vector>

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>

#include "cuda/device_dataset.hpp"

namespace slalom::cuda {

/// Copies of datasets that outlive it and do not change.
class ResidentData {
 public:
  /// Enqueues the upload on `stream`, unless the dataset is here already.
  void add(const Dataset& data, cudaStream_t stream);

  /// The copy of the dataset with these features, or null.
  [[nodiscard]] const DeviceData* find(const FeatureView& x) const noexcept;

 private:
  struct Entry {
    FeatureView host;
    DeviceDataset device;
  };
  std::vector<Entry> entries_;
};

}  // namespace slalom::cuda
