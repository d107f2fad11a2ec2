// SPDX-License-Identifier: Apache-2.0
// Trains linear models with many features or outputs, all steps in one launch.
#pragma once

#include <cstddef>

#include <cuda_runtime_api.h>

#include "member_task.hpp"
#include "tiles_plan.hpp"

namespace slalom::cuda {

/// What a block of a team tells the others of a step.
struct TilesSums {
  double loss, squares, bad;
};

/// A team's part of the scratch memory.
struct TilesScratch {
  float* outputs = nullptr;      ///< [slices, rows of a chunk, outputs]
  float* derivatives = nullptr;  ///< [rows of a chunk, outputs]
  float* gradients = nullptr;    ///< [rows of the team, tiles_gradient_pitch()]
  TilesSums* sums = nullptr;     ///< [blocks]
};

struct LinearTilesArguments {
  const MemberTask* tasks = nullptr;  ///< [n_members] on the device, with ordered targets, packed constants and plans
  int n_members = 0;
  LinearModel model;
  int blocks = 1;                ///< of the grid, at most one a multiprocessor: all must run at once
  unsigned shared_bytes = 0;     ///< most shared memory of a member
  std::byte* scratch = nullptr;  ///< [blocks, scratch_per_block]
  std::int64_t scratch_per_block = 0;
  unsigned* counters = nullptr;  ///< scratch: [n_members]
};

/// Runs all steps of all tasks. Enqueued on `stream`.
void launch_linear_tiles(const LinearTilesArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
