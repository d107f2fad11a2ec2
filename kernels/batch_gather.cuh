// SPDX-License-Identifier: Apache-2.0
// Copies the rows of a step's batch next to each other, in the number type of the network's products.
#pragma once

#include <cuda_runtime_api.h>

#include "matrix.hpp"
#include "step_control.hpp"

namespace slalom::cuda {

/// Where the rows come from: the current batch of a control, or the first n_rows of a list.
struct BatchGatherArguments {
  const StepControl* control = nullptr;  ///< null: x and rows below
  DeviceFeatures x;                      ///< n_features and stride count in either case
  const std::uint32_t* rows = nullptr;   ///< [n_rows]; null: 0, 1, 2, ...
  std::int64_t n_rows = 0;
  DeviceMatrix out;  ///< [n_rows, n_features]; stride that of x; padding is copied
};

void launch_batch_gather(const BatchGatherArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
