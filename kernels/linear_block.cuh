// SPDX-License-Identifier: Apache-2.0
// Trains linear models of a population, a thread block a member, all steps in one launch.
#pragma once

#include <cuda_runtime_api.h>

#include "linear_plan.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

struct LinearBlockArguments {
  const MemberTask* tasks =
      nullptr;  ///< [n_members] on the device, with ordered targets, packed constants, plans of one block
  int n_members = 0;
  LinearModel model;
  RowsShape shape;
  int warps = 0;              ///< most warps of a member
  unsigned shared_bytes = 0;  ///< most shared memory of a member
};

/// Runs all steps of all tasks. Enqueued on `stream`.
void launch_linear_block(const LinearBlockArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
