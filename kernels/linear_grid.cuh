// SPDX-License-Identifier: Apache-2.0
// Trains linear models whose batches are large, several thread blocks a member, all steps in one launch.
#pragma once

#include <cuda_runtime_api.h>

#include "linear_plan.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

struct LinearGridArguments {
  const MemberTask* tasks = nullptr;  ///< [n_members] on the device, with ordered targets, packed constants and plans
  int n_members = 0;
  LinearModel model;
  RowsShape shape;
  int blocks = 1;                ///< of the grid, at most one a multiprocessor: all must run at once
  int warps = 0;                 ///< most warps of a member
  unsigned shared_bytes = 0;     ///< most shared memory of a member
  float* gradients = nullptr;    ///< scratch: [2, blocks, rows_pitch()]
  double* losses = nullptr;      ///< scratch: [2, blocks]
  unsigned* counters = nullptr;  ///< scratch: [n_members]
};

/// Runs all steps of all tasks. Enqueued on `stream`.
void launch_linear_grid(const LinearGridArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
