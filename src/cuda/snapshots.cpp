// SPDX-License-Identifier: Apache-2.0
// Saves and restores members' values.
#include "cuda/snapshots.hpp"

#include "cuda/check.hpp"

namespace slalom::cuda {

Snapshots::Snapshots(std::span<const std::int64_t> counts, Shortages* shortages, cudaStream_t stream)
    : stream_(stream), counts_(counts.begin(), counts.end()) {
  ArenaLayout layout;
  for (const std::int64_t count : counts) {
    Pieces& pieces = pieces_.emplace_back();
    for (Piece<float>& piece : pieces) piece = layout.add<float>(count);
  }
  try {
    arena_ = Arena(layout, MemoryKind::kDevice);
  } catch (const OutOfMemory& shortage) {
    if (shortages != nullptr) {
      shortages->add(shortage, "copies for early stopping and the guard are kept in the host's memory");
    }
    host_.resize(counts_.size());
    return;
  }
  // Memory checkers want the target of a copy on the device to have been written once.
  for (const Pieces& pieces : pieces_) {
    for (const Piece<float> piece : pieces) {
      SLALOM_CHECK(cudaMemsetAsync(arena_.pointer(piece), 0, arena_.count(piece) * sizeof(float), stream_));
    }
  }
}

void Snapshots::save(std::size_t member, SnapshotSlot slot, const float* from) {
  const auto s = static_cast<std::size_t>(slot);
  const auto count = static_cast<std::size_t>(counts_[member]);
  if (host_.empty()) {
    SLALOM_CHECK(cudaMemcpyAsync(arena_.pointer(pieces_[member][s]), from, count * sizeof(float),
                                 cudaMemcpyDeviceToDevice, stream_));
    return;
  }
  std::vector<float>& to = host_[member][s];
  to.resize(count);
  SLALOM_CHECK(cudaMemcpyAsync(to.data(), from, count * sizeof(float), cudaMemcpyDeviceToHost, stream_));
  SLALOM_CHECK(cudaStreamSynchronize(stream_));
}

void Snapshots::restore(std::size_t member, SnapshotSlot slot, float* to) const {
  const auto s = static_cast<std::size_t>(slot);
  const std::size_t bytes = static_cast<std::size_t>(counts_[member]) * sizeof(float);
  if (host_.empty()) {
    SLALOM_CHECK(cudaMemcpyAsync(to, arena_.pointer(pieces_[member][s]), bytes, cudaMemcpyDeviceToDevice, stream_));
    return;
  }
  SLALOM_CHECK(cudaMemcpyAsync(to, host_[member][s].data(), bytes, cudaMemcpyHostToDevice, stream_));
  SLALOM_CHECK(cudaStreamSynchronize(stream_));
}

}  // namespace slalom::cuda
