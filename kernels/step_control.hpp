// SPDX-License-Identifier: Apache-2.0
// The device-side slot through which a captured step learns what to work on.
#pragma once

#include <cstdint>

#include "member_task.hpp"

namespace slalom::cuda {

/// One in device memory, at an address that never changes: graphs of steps are captured once and read everything that
/// differs between step blocks and members from here. Zero before the first use.
struct StepControl {
  MemberTask task;
  std::int64_t step = 0;  ///< of the task, from 0: which batch and constants; the optimiser launch advances it
  std::int64_t update_step =
      0;                    ///< copy of `step` for the optimiser launch, whose blocks may not read what one advances
  std::int32_t active = 0;  ///< whether the optimiser launch may update: the loss kernel decides
  std::int32_t bad_derivative = 0;    ///< the loss kernel's blocks report a derivative that is not finite
  std::uint32_t finished_blocks = 0;  ///< of the loss kernel: the last one sums
};

}  // namespace slalom::cuda
