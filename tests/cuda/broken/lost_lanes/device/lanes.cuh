// SPDX-License-Identifier: Apache-2.0
// Broken on purpose: sum_lanes forgets the last exchange.
#pragma once

namespace slalom::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

template <class T>
__device__ T sum_lanes(T value, int from, int to) {
  for (int offset = from; offset > to; offset /= 2) value += __shfl_xor_sync(kAllLanes, value, offset);
  return value;
}

}  // namespace slalom::cuda
