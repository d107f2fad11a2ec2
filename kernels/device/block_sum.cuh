// SPDX-License-Identifier: Apache-2.0
// The sum over a thread block, always in the same order.
#pragma once

namespace slalom::cuda {

/// Adds the values of all kThreads threads (a multiple of 32, at most 1024) pairwise: in each warp by lane distance 16,
/// 8, ... 1, then the warps' sums the same way. Every thread gets the sum. Contains barriers.
template <int kThreads>
__device__ double block_sum(double value) {
  static_assert(kThreads % 32 == 0 && kThreads <= 1024);
  constexpr int kWarps = kThreads / 32;
  __shared__ double warp_sums[kWarps];
  for (int distance = 16; distance > 0; distance /= 2) value += __shfl_xor_sync(0xffffffffU, value, distance);
  if (threadIdx.x % 32 == 0) warp_sums[threadIdx.x / 32] = value;
  __syncthreads();
  double sum = threadIdx.x % 32 < kWarps ? warp_sums[threadIdx.x % 32] : 0.0;
  for (int distance = 16; distance > 0; distance /= 2) sum += __shfl_xor_sync(0xffffffffU, sum, distance);
  __syncthreads();  // warp_sums may be used again
  return sum;
}

}  // namespace slalom::cuda
