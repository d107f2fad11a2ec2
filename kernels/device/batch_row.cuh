// SPDX-License-Identifier: Apache-2.0
// Which stored row a row of the current batch is.
#pragma once

#include "step_control.hpp"

namespace slalom::cuda {

/// Row `i` of step `step`'s batch, as a row of the task's data.
__device__ inline std::int64_t batch_row(const MemberTask& task, std::int64_t step, std::int64_t i) {
  const std::int64_t at = step * task.batch_size + i;
  return task.rows == nullptr ? at : static_cast<std::int64_t>(task.rows[at]);
}

}  // namespace slalom::cuda
