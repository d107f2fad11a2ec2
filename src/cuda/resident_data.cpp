// SPDX-License-Identifier: Apache-2.0
// Keeps copies of datasets by the address of their features.
#include "cuda/resident_data.hpp"

namespace slalom::cuda {

bool ResidentData::add(const Dataset& data, cudaStream_t stream) {
  if (data.n_rows == 0 || find(data.view()) != nullptr) return true;
  const std::int64_t bytes = device_bytes(data);
  if (bytes > left_) return false;
  entries_.push_back({.host = data.view(), .device = DeviceDataset(data, stream)});
  left_ -= bytes;
  used_ += entries_.back().device.bytes();
  return true;
}

bool ResidentData::release(const DeviceData* kept) {
  const std::size_t n_gone = std::erase_if(entries_, [&](const Entry& entry) {
    const bool goes = &entry.device.view() != kept;
    if (goes) used_ -= entry.device.bytes();
    return goes;
  });
  left_ = 0;
  return n_gone > 0;
}

const DeviceData* ResidentData::find(const FeatureView& x) const noexcept {
  for (const Entry& entry : entries_) {
    if (entry.host.data == x.data && entry.host.n_rows == x.n_rows && entry.host.stride == x.stride) {
      return &entry.device.view();
    }
  }
  return nullptr;
}

}  // namespace slalom::cuda
