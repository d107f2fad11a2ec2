// SPDX-License-Identifier: Apache-2.0
// Barriers of the warps of a block that work together, and of the blocks of a team.
#pragma once

#include "device/lanes.cuh"

namespace slalom::cuda {

/// The first `warps` warps of a block; the others may do anything, except use barrier 1.
struct Crew {
  int warps;
  __device__ void sync() const {
    if (warps == 1) {
      __syncwarp();
    } else {
      asm volatile("barrier.sync 1, %0;" ::"r"(warps * kWarp) : "memory");
    }
  }
  /// A barrier that tells every thread whether any thread said so.
  [[nodiscard]] __device__ bool any(bool said) const {
    if (warps == 1) return __any_sync(kAllLanes, said);
    int result = 0;
    asm volatile(
        "{\n .reg .pred mine, all;\n setp.ne.u32 mine, %1, 0;\n barrier.red.or.pred all, 1, %2, mine;\n"
        " selp.u32 %0, 1, 0, all;\n}"
        : "=r"(result)
        : "r"(static_cast<int>(said)), "r"(warps * kWarp)
        : "memory");
    return result != 0;
  }
};

/// A barrier over the blocks of a team: blocks of a cooperative launch (all of them are running), which is what lets
/// them wait for each other. `counter` is zero before the launch and belongs to this team alone.
class TeamBarrier {
 public:
  __device__ TeamBarrier(unsigned* counter, int blocks) : counter_(counter), blocks_(static_cast<unsigned>(blocks)) {}

  /// Everything that the crews of the team's blocks wrote before is seen by all of them after. Called by whole crews.
  __device__ void sync(const Crew& crew) {
    crew.sync();
    if (blocks_ == 1) return;
    target_ += blocks_;
    if (threadIdx.x == 0) {
      __threadfence();
      atomicAdd(counter_, 1U);
      // Ever longer pauses: every poll is in the way of the blocks that have yet to arrive.
      for (int pauses = 1; static_cast<int>(arrived() - target_) < 0; pauses = min(2 * pauses, kMostPauses)) {
        for (int i = 0; i < pauses; ++i) __nanosleep(20);
      }
      __threadfence();
    }
    crew.sync();
  }

 private:
  static constexpr int kMostPauses = 8;

  [[nodiscard]] __device__ unsigned arrived() const {
    unsigned value = 0;
    asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(counter_) : "memory");
    return value;
  }

  unsigned* counter_;
  unsigned blocks_;
  unsigned target_ = 0;  // wraps around together with the counter
};

}  // namespace slalom::cuda
