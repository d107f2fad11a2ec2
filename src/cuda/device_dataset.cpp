// SPDX-License-Identifier: Apache-2.0
// Uploads a Dataset.
#include "cuda/device_dataset.hpp"

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

template <class T, class Vector>
const T* upload(const Arena& arena, Piece<T> piece, const Vector& from, cudaStream_t stream) {
  if (from.empty()) return nullptr;
  T* to = arena.pointer(piece);
  SLALOM_CHECK(cudaMemcpyAsync(to, from.data(), from.size() * sizeof(T), cudaMemcpyHostToDevice, stream));
  return to;
}

}  // namespace

std::int64_t device_bytes(const Dataset& data) noexcept {
  const auto bytes = [](const auto& values) { return static_cast<std::int64_t>(values.size() * sizeof(values[0])); };
  return bytes(data.features) + bytes(data.targets) + bytes(data.labels) + bytes(data.weights);
}

DeviceDataset::DeviceDataset(const Dataset& data, cudaStream_t stream) {
  const auto size = [](const auto& values) { return static_cast<std::int64_t>(values.size()); };
  ArenaLayout layout;
  const auto features = layout.add<float>(size(data.features));
  const auto targets = layout.add<float>(size(data.targets));
  const auto labels = layout.add<std::int32_t>(size(data.labels));
  const auto weights = layout.add<float>(size(data.weights));
  arena_ = Arena(layout, MemoryKind::kDevice);
  view_ = {.x = {.data = upload(arena_, features, data.features, stream),
                 .n_features = data.n_features,
                 .stride = row_stride(data.n_features)},
           .targets = upload(arena_, targets, data.targets, stream),
           .labels = upload(arena_, labels, data.labels, stream),
           .weights = upload(arena_, weights, data.weights, stream)};
}

}  // namespace slalom::cuda
