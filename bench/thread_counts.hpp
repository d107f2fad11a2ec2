// SPDX-License-Identifier: Apache-2.0
// The thread counts at which scaling is measured.
#pragma once

#include <omp.h>

#include <vector>

namespace slalom::bench {

/// 1, 2, 4, ... and all cores that this process may use.
[[nodiscard]] inline std::vector<int> thread_counts() {
  std::vector<int> counts;
  const int cores = omp_get_num_procs();
  for (int threads = 1; threads < cores; threads *= 2) counts.push_back(threads);
  counts.push_back(cores);
  return counts;
}

}  // namespace slalom::bench
