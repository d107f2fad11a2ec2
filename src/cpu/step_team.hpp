// SPDX-License-Identifier: Apache-2.0
// A barrier for threads that meet every few microseconds.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace slalom::cpu {

/// Each thread publishes how many rounds it has arrived at and waits for the others: one write and one read of a cache
/// line a thread, no atomic read-modify-write. Threads spin, and yield if that takes long: others may want the cores.
class StepTeam {
 public:
  /// Room for up to `most` threads.
  explicit StepTeam(int most) : marks_(std::make_unique<Mark[]>(static_cast<std::size_t>(most))) {}

  /// Returns when all `size` threads have arrived at `round` (1, 2, ...); what they wrote before that is visible.
  void arrive_and_wait(int rank, int size, std::int64_t round) noexcept {
    marks_[static_cast<std::size_t>(rank)].round.store(round, std::memory_order_release);
    for (int i = 0; i < size; ++i) {
      const std::atomic<std::int64_t>& other = marks_[static_cast<std::size_t>(i)].round;
      for (int spins = 0; other.load(std::memory_order_acquire) < round; ++spins) {
        if (spins < kSpins) {
          pause();
        } else {
          std::this_thread::yield();
        }
      }
    }
  }

 private:
  static constexpr int kSpins = 2000;
  struct alignas(64) Mark {
    std::atomic<std::int64_t> round{0};
  };
  static void pause() noexcept {
#if defined(__x86_64__)
    _mm_pause();
#endif
  }

  std::unique_ptr<Mark[]> marks_;
};

}  // namespace slalom::cpu
