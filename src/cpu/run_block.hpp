// SPDX-License-Identifier: Apache-2.0
// Runs a block of steps on a crew, each thread with a clock of its own.
#pragma once

#include <cstddef>
#include <utility>

#include <slalom/backend.hpp>

#include "core/rules.hpp"
#include "cpu/crew.hpp"

namespace slalom::cpu {

/// Calls run_steps(clock, crew, result) in `threads` threads (or fewer, see with_crew). All advance clocks that start at
/// `clock`, which ends where the first thread's does; that one alone gets a result, with room for the losses of `steps`
/// steps, the others null.
template <class RunSteps>
BlockResult run_block(int threads, std::size_t steps, core::StepClock& clock, RunSteps&& run_steps) {
  BlockResult result;
  result.losses.reserve(steps);
  core::StepClock end = clock;
  with_crew(threads, [&](Crew& crew) {
    core::StepClock own = clock;
    run_steps(own, crew, crew.rank() == 0 ? &result : nullptr);
    if (crew.rank() == 0) end = own;
  });
  clock = end;
  return result;
}

}  // namespace slalom::cpu
