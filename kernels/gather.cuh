// SPDX-License-Identifier: Apache-2.0
// Copies the rows of a batch next to each other.
#pragma once

#include <cuda_runtime_api.h>

#include "member_task.hpp"

namespace slalom::cuda {

struct GatherArguments {
  DeviceFeatures x;
  const std::uint32_t* rows = nullptr;  ///< [n_rows] rows of x; null: 0, 1, 2, ...
  std::int64_t n_rows = 0;
  float* out = nullptr;  ///< [n_rows, x.stride], rows without gaps; 16-byte aligned if x.stride >= 4
};

/// out[i] = x[rows[i]], padding included. Enqueued on `stream`.
void launch_gather(const GatherArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
