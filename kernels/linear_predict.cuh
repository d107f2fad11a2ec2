// SPDX-License-Identifier: Apache-2.0
// Outputs of linear models.
#pragma once

#include <cuda_runtime_api.h>

#include "linear_plan.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

struct LinearPredictArguments {
  LinearModel model;
  DeviceLimits limits;
  const float* parameters = nullptr;
  DeviceFeatures x;
  const std::uint32_t* rows = nullptr;  ///< [n_rows] rows of x; null: 0, 1, 2, ...
  std::int64_t n_rows = 0;
  float* outputs = nullptr;  ///< [n_rows, n_outputs]
};

/// Whether the kernel keeps the model's weights in a block's shared memory; if not, a matrix product does better.
[[nodiscard]] bool linear_predict_fits(const LinearModel& model, const DeviceLimits& limits);

/// outputs = x[rows] W^T + b, for models that fit. Enqueued on `stream`.
void launch_linear_predict(const LinearPredictArguments& arguments, cudaStream_t stream);

/// outputs = b in every row: what a matrix product then adds to.
void launch_fill_bias(const LinearPredictArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
