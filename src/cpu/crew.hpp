// SPDX-License-Identifier: Apache-2.0
// Threads that go through the same phases together, each with its share of a phase's units of work.
#pragma once

#include <omp.h>

#include <cstdint>

#include "cpu/step_team.hpp"

namespace slalom::cpu {

/// One thread's place in a team. All threads of a team call the same members in the same order.
class Crew {
 public:
  Crew() = default;  ///< alone
  Crew(int rank, int size, StepTeam& team) : rank_(rank), size_(size), team_(size > 1 ? &team : nullptr) {}

  [[nodiscard]] int rank() const noexcept { return rank_; }
  [[nodiscard]] int size() const noexcept { return size_; }

  /// Calls body(first, last) with this thread's part of n units, a run of them; not if there is none.
  template <class Body>
  void share(std::int64_t n, Body&& body) const {
    const std::int64_t first = n * rank_ / size_;
    const std::int64_t last = n * (rank_ + 1) / size_;
    if (first < last) body(first, last);
  }

  /// Returns when all have come here; what they wrote before is visible.
  void meet() noexcept {
    if (team_ != nullptr) team_->arrive_and_wait(rank_, size_, ++round_);
  }

 private:
  int rank_ = 0;
  int size_ = 1;
  StepTeam* team_ = nullptr;
  std::int64_t round_ = 0;
};

/// Calls body(crew) in every one of `threads` threads, or in fewer if there are not so many. It must not throw.
template <class Body>
void with_crew(int threads, Body&& body) {
  if (threads == 1) {
    Crew alone;
    body(alone);
    return;
  }
  StepTeam team(threads);  // before the threads: an exception must not leave the region
#pragma omp parallel num_threads(threads)
  {
    Crew crew(omp_get_thread_num(), omp_get_num_threads(), team);
    body(crew);
  }
}

}  // namespace slalom::cpu
