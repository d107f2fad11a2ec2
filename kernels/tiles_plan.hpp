// SPDX-License-Identifier: Apache-2.0
// The geometry and memory of the tiles kernel, and the part of the rule that chooses it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>

#include "linear_plan.hpp"

namespace slalom::cuda {

inline constexpr int kTileWarps = 8;
inline constexpr int kTileThreads = 32 * kTileWarps;

/// Outputs whose weights or derivatives are in shared memory at a time, for kernels that sum `outputs` side by side.
[[nodiscard]] SLALOM_HD constexpr int tiles_staged_outputs(int outputs) { return outputs == 1 ? 1 : 16; }

/// A gradient in memory: weights [n_outputs, 4 * pieces], then biases.
[[nodiscard]] SLALOM_HD std::int64_t tiles_bias_offset(const LinearModel& model) {
  return std::int64_t{4} * model.n_outputs * model.pieces();
}
[[nodiscard]] SLALOM_HD std::int64_t tiles_gradient_pitch(const LinearModel& model) {
  return tiles_bias_offset(model) + (model.n_outputs + 3) / 4 * 4;
}

/// Byte offsets into a block's shared memory; two tiles start at 0.
struct TilesLayout {
  std::int64_t weights = 0, derivatives = 0, sums = 0, constants = 0, bytes = 0;
};
[[nodiscard]] SLALOM_HD TilesLayout tiles_layout(const LinearModel& model, const LaunchPlan& plan) {
  const std::int64_t staged = tiles_staged_outputs(model.n_outputs);
  TilesLayout layout;
  layout.weights = std::int64_t{32} * plan.tile_rows * plan.slice;
  layout.derivatives = layout.weights + 16 * staged * plan.slice;
  layout.sums = layout.derivatives + (4 * staged * plan.tile_rows + 15) / 16 * 16;
  layout.constants = layout.sums + 8 * kTileWarps;
  layout.bytes = layout.constants + 64;
  return layout;
}

/// Byte offsets into a team's scratch memory.
struct TilesScratchLayout {
  std::int64_t derivatives = 0, gradients = 0, sums = 0, bytes = 0;
};
[[nodiscard]] SLALOM_HD TilesScratchLayout tiles_scratch_layout(const LinearModel& model, const LaunchPlan& plan) {
  const auto aligned = [](std::int64_t bytes) { return (bytes + 255) / 256 * 256; };
  const std::int64_t slices = (model.pieces() + plan.slice - 1) / plan.slice;
  const std::int64_t team_rows = plan.blocks / plan.columns;
  const std::int64_t outputs = std::int64_t{4} * team_rows * plan.tile_rows * model.n_outputs;
  TilesScratchLayout layout;
  layout.derivatives = aligned(slices * outputs);
  layout.gradients = layout.derivatives + aligned(outputs);
  layout.sums = layout.gradients + aligned(4 * team_rows * tiles_gradient_pitch(model));
  layout.bytes = layout.sums + aligned(24 * std::int64_t{plan.blocks});
  return layout;
}

/// The rule for one member, as rows_plan(): by its own batch alone. The cheapest plan, by a rough estimate, of those
/// that read X once a step; of all, if the columns are more than all multiprocessors hold slices of.
[[nodiscard]] LaunchPlan tiles_plan(const LinearModel& model, std::int64_t batch_size, const DeviceLimits& limits);

}  // namespace slalom::cuda
