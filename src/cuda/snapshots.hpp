// SPDX-License-Identifier: Apache-2.0
// Copies of members' values that can be gone back to.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <cuda_runtime_api.h>

#include <slalom/backend.hpp>

#include "cuda/arena.hpp"
#include "cuda/shortage.hpp"

namespace slalom::cuda {

/// A place for every member and slot: in device memory, or where that does not suffice in the host's.
class Snapshots {
 public:
  /// `counts`: floats of each member. A shortage is told to `shortages` if there are any.
  Snapshots(std::span<const std::int64_t> counts, Shortages* shortages, cudaStream_t stream);

  /// Copies the member's values from device memory; waits for the stream only if snapshots are on the host.
  void save(std::size_t member, SnapshotSlot slot, const float* from);
  /// The other way.
  void restore(std::size_t member, SnapshotSlot slot, float* to) const;

  /// Of device memory.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept { return static_cast<std::int64_t>(arena_.bytes()); }

 private:
  using Pieces = std::array<Piece<float>, kSnapshotSlots>;

  cudaStream_t stream_;
  std::vector<std::int64_t> counts_;
  std::vector<Pieces> pieces_;
  Arena arena_;
  std::vector<std::array<std::vector<float>, kSnapshotSlots>> host_;  ///< instead of it
};

}  // namespace slalom::cuda
