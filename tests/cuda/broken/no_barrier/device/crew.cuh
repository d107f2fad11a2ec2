// SPDX-License-Identifier: Apache-2.0
// Broken on purpose: warps do not wait for each other.
#pragma once

#include "device/lanes.cuh"

namespace slalom::cuda {

struct Crew {
  int warps;
  __device__ void sync() const { __syncwarp(); }
  [[nodiscard]] __device__ bool any(bool said) const { return __any_sync(kAllLanes, said); }
};

}  // namespace slalom::cuda
