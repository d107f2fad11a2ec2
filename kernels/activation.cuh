// SPDX-License-Identifier: Apache-2.0
// Bias, activation and dropout of a layer in one pass, and their derivative in one pass.
#pragma once

#include <cuda_runtime_api.h>

#include <slalom/config.hpp>

#include "matrix.hpp"
#include "step_control.hpp"

namespace slalom::cuda {

/// Dropout of one layer in training; rate 0: none, and control may be null. Masks are not stored: both passes draw them
/// from the member's key and the step in `control` (core/dropout.hpp).
struct DropoutArguments {
  const StepControl* control = nullptr;
  float rate = 0.0F;
  std::uint32_t layer = 0;
};

struct ActivationArguments {
  std::int64_t n_rows = 0, units = 0;
  float* z = nullptr;           ///< [n_rows, units], stride row_stride(units); the bias, if any, is added in place
  const float* bias = nullptr;  ///< [units], or null: z has it already
  Activation activation = Activation::kRelu;
  bool bias_only = false;  ///< z += bias is all there is to do
  DropoutArguments dropout;
  DeviceMatrix out;  ///< [n_rows, units], stride row_stride(units); not used with bias_only
};
/// z += bias; out = activation(z) * mask.
void launch_activation(const ActivationArguments& arguments, cudaStream_t stream);

struct ActivationGradientArguments {
  std::int64_t n_rows = 0, units = 0;
  const float* z = nullptr;         ///< as launch_activation left it
  const float* upstream = nullptr;  ///< [n_rows, units] derivative by `out`; stride row_stride(units)
  Activation activation = Activation::kRelu;
  DropoutArguments dropout;
  DeviceMatrix delta;  ///< [n_rows, units] derivative by z; may be `upstream` itself
};
/// delta = upstream * mask * activation'(z).
void launch_activation_gradient(const ActivationGradientArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
