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
      wait();
      __threadfence();
    }
    crew.sync();
  }

 private:
  static constexpr int kPauseNs = 20;
  static constexpr int kPollPauses = 16;  ///< a poll, a way to the L2 cache and back, takes about as long as so many
  static constexpr int kShare = 8;        ///< of the time waited so far, a pause is one part in so many
  static constexpr int kMostPauses = 64;

  /// Until all blocks have arrived. Every poll is in the way of the blocks that have yet to arrive. So pauses grow with
  /// the time waited so far, to 1.3 us after 10 us: a wait gets longer by an eighth at most, and the number of polls
  /// grows with its logarithm. Many short pauses rather than one: of what it is asked for the hardware may sleep
  /// anything from none to twice, which evens out.
  __device__ void wait() const {
    int waited = kPollPauses;
    while (static_cast<int>(arrived() - target_) < 0) {
      const int pauses = waited / kShare;
      for (int i = 0; i < pauses; ++i) __nanosleep(kPauseNs);
      waited = min(waited + pauses + kPollPauses, kShare * kMostPauses);
    }
  }

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
