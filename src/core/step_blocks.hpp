// SPDX-License-Identifier: Apache-2.0
// The steps of a StepBlock, and the check that every backend makes of the blocks it is given.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <slalom/backend.hpp>
#include <slalom/error.hpp>

namespace slalom::core {

[[nodiscard]] inline std::int64_t steps_of(const StepBlock& block) noexcept {
  return (static_cast<std::int64_t>(block.rows.size()) + block.batch_size - 1) / block.batch_size;
}

/// Throws an internal error unless there is a learning rate for every step.
inline void check_block(const StepBlock& block) {
  if (static_cast<std::int64_t>(block.learning_rates.size()) == steps_of(block)) return;
  throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(block.learning_rates.size()) +
                                       " learning rates for " + std::to_string(steps_of(block)) + " steps");
}

/// Throws an internal error unless there is a block for every member, with a learning rate for every step.
inline void check_blocks(std::span<const StepBlock> blocks, std::int64_t n_members) {
  if (static_cast<std::int64_t>(blocks.size()) != n_members) {
    throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(blocks.size()) + " blocks for " +
                                         std::to_string(n_members) + " members");
  }
  for (const StepBlock& block : blocks) check_block(block);
}

}  // namespace slalom::core
