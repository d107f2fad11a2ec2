// SPDX-License-Identifier: Apache-2.0
// Batch normalisation with the activation and dropout that follow it, forward and backward, one launch each.
#pragma once

#include <cuda_runtime_api.h>

#include <slalom/config.hpp>

#include "activation.cuh"
#include "matrix.hpp"

namespace slalom::cuda {

/// A layer's trained scale and shift: [units] each.
struct NormScale {
  const float* gamma = nullptr;
  const float* beta = nullptr;
};

struct BatchNormArguments {
  std::int64_t n_rows = 0, units = 0;
  float* z = nullptr;  ///< [n_rows, units], stride row_stride(units): in: before, out: (z - mean) / deviation
  NormScale scale;
  float* inverse_deviation = nullptr;   ///< [units], written for the backward pass
  const float* running_mean = nullptr;  ///< [units], before this step
  const float* running_var = nullptr;
  float* next_running_mean = nullptr;  ///< [units], after it; other memory than the above
  float* next_running_var = nullptr;
  Activation activation = Activation::kRelu;
  DropoutArguments dropout;  ///< control is needed at any rate: nothing is done once a step was not finite
  DeviceMatrix out;          ///< [n_rows, units]
};
/// Training: normalises with the batch's statistics, out = activation(gamma z + beta) * mask, and blends the running
/// statistics, which a batch of one row leaves alone.
void launch_batch_norm(const BatchNormArguments& arguments, cudaStream_t stream);

struct BatchNormGradientArguments {
  std::int64_t n_rows = 0, units = 0;
  const float* normalised = nullptr;  ///< z of launch_batch_norm
  NormScale scale;
  const float* inverse_deviation = nullptr;
  float* upstream = nullptr;  ///< [n_rows, units] derivative by `out`; overwritten
  Activation activation = Activation::kRelu;
  DropoutArguments dropout;
  float* gamma_gradient = nullptr;  ///< [units], written
  float* beta_gradient = nullptr;
  DeviceMatrix delta;  ///< [n_rows, units] derivative by the layer's product; may be `upstream` itself
};
void launch_batch_norm_gradient(const BatchNormGradientArguments& arguments, cudaStream_t stream);

struct RunningNormArguments {
  std::int64_t n_rows = 0, units = 0;
  const float* z = nullptr;  ///< [n_rows, units], stride row_stride(units)
  NormScale scale;
  const float* running_mean = nullptr;
  const float* running_var = nullptr;
  Activation activation = Activation::kRelu;
  DeviceMatrix out;  ///< [n_rows, units]
};
/// Prediction: out = activation(gamma (z - running mean) / running deviation + beta).
void launch_running_norm(const RunningNormArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
