// SPDX-License-Identifier: Apache-2.0
// Sums over the lanes of a warp, always in the same order.
#pragma once

#include <cstdint>

namespace slalom::cuda {

constexpr int kWarp = 32;
constexpr unsigned kAllLanes = 0xffffffffU;

/// sum + a . b
__device__ inline float dot(const float4& a, const float4& b, float sum) {
  return fmaf(a.w, b.w, fmaf(a.z, b.z, fmaf(a.y, b.y, fmaf(a.x, b.x, sum))));
}

/// The sum over lanes whose numbers differ in the bits `from`, from / 2, ..., `to` (powers of two), which all get it.
/// Pairs are added, so every lane adds in the same order.
template <class T>
__device__ T sum_lanes(T value, int from, int to) {
#pragma unroll
  for (int offset = from; offset >= to && offset > 0; offset >>= 1) value += __shfl_xor_sync(kAllLanes, value, offset);
  return value;
}

/// Of 2 kHalf sums, a lane and its fellow, `reach` away, each keep one half and add the other's: the upper lane the
/// upper half. They are left at the front of `values`.
template <int kHalf, int kCount>
__device__ __forceinline__ void exchange_halves(float (&values)[kCount], bool upper, int reach) {
#pragma unroll
  for (int i = 0; i < kHalf; ++i) {
    const float sent = upper ? values[i] : values[i + kHalf];
    const float kept = upper ? values[i + kHalf] : values[i];
    values[i] = kept + __shfl_xor_sync(kAllLanes, sent, reach);
  }
}

/// Which sums a lane holds after scatter_sums: `live` of them from index `first` on; others hold the same ones unless
/// `owner`.
struct ScatteredSums {
  int first = 0;
  int live = 0;
  bool owner = true;
};

/// kCount (a power of two) sums over lanes that differ in the bits `from`, ..., `to`, spread over those lanes: each
/// exchange halves what a lane holds, so that all sums together take about kCount shuffles instead of kCount times the
/// number of bits. The sums that a lane holds are left at the front of `values`.
template <int kCount, int kLive = kCount>
__device__ ScatteredSums scatter_sums(float (&values)[kCount], int lane, int from, int to, ScatteredSums held = {}) {
  held.live = kLive;
  if (from < to || from == 0) return held;
  const bool upper = (lane & from) != 0;
  if constexpr (kLive > 1) {
    constexpr int kHalf = kLive / 2;
    exchange_halves<kHalf>(values, upper, from);
    if (upper) held.first += kHalf;
    return scatter_sums<kCount, kHalf>(values, lane, from >> 1, to, held);
  } else {
#pragma unroll
    for (int offset = from; offset >= to && offset > 0; offset >>= 1) {
      values[0] += __shfl_xor_sync(kAllLanes, values[0], offset);
      if ((lane & offset) != 0) held.owner = false;
    }
    return held;
  }
}

/// Neighbouring lanes, a power of two of them, that share a row, as core::cross_entropy wants them.
class LaneGroup {
 public:
  /// `rank` of the lane among `size`; all lanes of the warp make the same calls.
  __device__ LaneGroup(int rank, int size) : rank_(rank), size_(size) {}
  /// The group of a lane (0 to 31) whose fellows of other groups may be elsewhere.
  [[nodiscard]] __device__ static LaneGroup alone(int lane, int size) {
    LaneGroup group(lane & (size - 1), size);
    group.present_ = (kAllLanes >> (kWarp - size)) << (lane - group.rank_);
    return group;
  }
  [[nodiscard]] __device__ int rank() const { return rank_; }
  [[nodiscard]] __device__ int size() const { return size_; }
  template <class T>
  [[nodiscard]] __device__ T max(T value) const {
    return combine(value, [](T a, T b) { return b > a ? b : a; });
  }
  template <class T>
  [[nodiscard]] __device__ T min(T value) const {
    return combine(value, [](T a, T b) { return b < a ? b : a; });
  }
  [[nodiscard]] __device__ std::int64_t min(std::int64_t index) const {  // 32 bits hold every index of a row
    return min(static_cast<int>(index));
  }
  template <class T>
  [[nodiscard]] __device__ T sum(T value) const {
    __syncwarp(present_);  // whatever the lanes read before may be written after
    return combine(value, [](T a, T b) { return a + b; });
  }

 private:
  template <class T, class Combine>
  [[nodiscard]] __device__ T combine(T value, Combine&& two) const {
    for (int reach = size_ / 2; reach > 0; reach /= 2) value = two(value, __shfl_xor_sync(present_, value, reach));
    return value;
  }
  int rank_, size_;
  unsigned present_ = kAllLanes;
};

}  // namespace slalom::cuda
