// SPDX-License-Identifier: Apache-2.0
// One optimiser step over the whole parameter arena, in one launch; the gradient's norm, in one before it.
#pragma once

#include <cuda_runtime_api.h>

#include "matrix.hpp"
#include "product_layout.hpp"
#include "step_control.hpp"

namespace slalom::cuda {

/// Most partial sums of a gradient norm.
inline constexpr int kMostNormBlocks = 256;

/// Reads one copy of parameters and state and writes the other, so that a step whose gradient turns out not to be
/// finite has changed nothing: the copy it read still holds the values before it. Sizes are multiples of 8; all
/// pointers are 16-byte aligned.
struct OptimizerArguments {
  StepControl* control = nullptr;  ///< rule, constants, the flag to set; `step` is advanced
  std::int64_t n_weights = 0;      ///< [0, n_weights) is what penalties act on
  std::int64_t n_trainable = 0;
  const ProductTensor* products = nullptr;  ///< in device memory: ProductLayout::tensors; null: the arena's layout
  const float* gradient = nullptr;          ///< in the products' layout
  const float* parameters = nullptr;
  float* next_parameters = nullptr;
  /// [n_slots, n_trainable]; null: the task's own state. Exactly one of the two is null.
  float* state = nullptr;
  float* next_state = nullptr;
  void* half_parameters = nullptr;        ///< null, or: the new parameters in bfloat16, in the products' layout
  const double* norm_partials = nullptr;  ///< null: no clipping by norm; else from launch_gradient_norm
};
/// Clips, then applies the task's rule. Does nothing but advance the step where control->active is 0. Sets the flag if
/// an element of the gradient or of the parameters that are read is not finite.
void launch_optimizer(const OptimizerArguments& arguments, cudaStream_t stream);

struct GradientNormArguments {
  const StepControl* control = nullptr;  ///< the task's clip_value
  std::int64_t n_trainable = 0;
  const ProductTensor* products = nullptr;  ///< as in OptimizerArguments
  const float* gradient = nullptr;
  double* partials = nullptr;  ///< [kMostNormBlocks]: partial sums of squares
};
/// Sums of squares of the gradient after clipping by value.
void launch_gradient_norm(const GradientNormArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
