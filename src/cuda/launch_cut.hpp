// SPDX-License-Identifier: Apache-2.0
// Cuts blocks of steps into launches whose inputs fit a budget of memory. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <slalom/backend.hpp>

namespace slalom::cuda {

/// What one member does in a launch: consecutive whole steps of its block. n_steps == 0: it rests.
struct LaunchPart {
  std::int64_t first_step = 0, n_steps = 0;
  std::int64_t first_row = 0, n_rows = 0;
};
using LaunchParts = std::vector<LaunchPart>;  ///< one part a member

/// What the inputs of a launch may take, and what a step takes of it.
struct LaunchBudget {
  std::int64_t bytes = 0;
  std::int64_t row_bytes = 0;   ///< of every row visited
  std::int64_t step_bytes = 0;  ///< of every step
};

/// Bytes of the largest step of the blocks: what a budget must have at least.
[[nodiscard]] std::int64_t largest_step_bytes(std::span<const StepBlock> blocks, const LaunchBudget& budget) noexcept;

/// All steps of all blocks, each member's in order, in as few launches as the budget allows: while they have steps, all
/// members take part in a launch with equally many. A step that is larger than the budget is a launch of its own.
/// `done`: steps of each block that are not to be cut again; empty: none.
[[nodiscard]] std::vector<LaunchParts> cut_into_launches(std::span<const StepBlock> blocks, const LaunchBudget& budget,
                                                         std::vector<std::int64_t> done = {});

}  // namespace slalom::cuda
