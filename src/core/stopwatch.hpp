// SPDX-License-Identifier: Apache-2.0
// Elapsed wall time.
#pragma once

#include <chrono>

namespace slalom::core {

using Clock = std::chrono::steady_clock;

[[nodiscard]] inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace slalom::core
