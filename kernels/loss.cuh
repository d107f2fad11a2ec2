// SPDX-License-Identifier: Apache-2.0
// Loss, derivative and (for cross-entropy) softmax of a batch, the step's mean loss, and the verdict on it, in one
// launch.
#pragma once

#include <cuda_runtime_api.h>

#include <slalom/config.hpp>

#include "matrix.hpp"
#include "step_control.hpp"

namespace slalom::cuda {

struct LossArguments {
  StepControl* control =
      nullptr;  ///< the task's targets, labels, weights, rows; losses and first_non_finite are written
  LossKind kind = LossKind::kMse;
  float constant = 0.0F;  ///< core::loss_constant
  std::int64_t n_rows = 0, n_outputs = 1;
  const float* outputs = nullptr;  ///< [n_rows, n_outputs], stride row_stride(n_outputs)
  DeviceMatrix delta;              ///< [n_rows, n_outputs] derivative of the mean loss by the outputs
  double* partials = nullptr;      ///< [kMostLossBlocks]
};

inline constexpr int kMostLossBlocks = 256;

/// Also sets control->active (the loss and every derivative so far are finite) and control->update_step.
void launch_loss(const LossArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
