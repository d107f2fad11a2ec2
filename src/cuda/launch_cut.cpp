// SPDX-License-Identifier: Apache-2.0
// Deals steps to launches.
#include "cuda/launch_cut.hpp"

#include <algorithm>

#include "core/step_blocks.hpp"

namespace slalom::cuda {
namespace {

using core::steps_of;

std::int64_t rows_of(const StepBlock& block) noexcept { return static_cast<std::int64_t>(block.rows.size()); }

/// Of a whole batch.
std::int64_t step_bytes(const StepBlock& block, const LaunchBudget& budget) noexcept {
  return std::min(block.batch_size, rows_of(block)) * budget.row_bytes + budget.step_bytes;
}

}  // namespace

std::int64_t largest_step_bytes(std::span<const StepBlock> blocks, const LaunchBudget& budget) noexcept {
  std::int64_t largest = 0;
  for (const StepBlock& block : blocks) {
    if (!block.rows.empty()) largest = std::max(largest, step_bytes(block, budget));
  }
  return largest;
}

std::vector<LaunchParts> cut_into_launches(std::span<const StepBlock> blocks, const LaunchBudget& budget,
                                           std::vector<std::int64_t> done) {
  std::vector<LaunchParts> launches;
  done.resize(blocks.size(), 0);
  while (true) {
    std::int64_t one_step_each = 0;
    for (std::size_t m = 0; m < blocks.size(); ++m) {
      if (done[m] < steps_of(blocks[m])) one_step_each += step_bytes(blocks[m], budget);
    }
    if (one_step_each == 0) return launches;
    const std::int64_t share = std::max<std::int64_t>(1, budget.bytes / one_step_each);
    std::int64_t left = budget.bytes;
    bool empty = true;
    LaunchParts launch(blocks.size());
    for (std::size_t m = 0; m < blocks.size(); ++m) {
      const StepBlock& block = blocks[m];
      const std::int64_t bytes = std::max<std::int64_t>(1, step_bytes(block, budget));
      std::int64_t n = std::min(share, steps_of(block) - done[m]);
      if (n > 0) n = std::clamp<std::int64_t>(left / bytes, empty ? 1 : 0, n);
      if (n == 0) continue;
      const std::int64_t first_row = done[m] * block.batch_size;
      launch[m] = {.first_step = done[m],
                   .n_steps = n,
                   .first_row = first_row,
                   .n_rows = std::min(n * block.batch_size, rows_of(block) - first_row)};
      left = std::max<std::int64_t>(0, left - n * bytes);
      done[m] += n;
      empty = false;
    }
    launches.push_back(std::move(launch));
  }
}

}  // namespace slalom::cuda
