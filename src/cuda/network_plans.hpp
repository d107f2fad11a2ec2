// SPDX-License-Identifier: Apache-2.0
// The matrix products of a network at a number of rows, with as much of the work around them fused as cuBLASLt can.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "cuda/blas_plan.hpp"
#include "cuda/network_shape.hpp"

namespace slalom::cuda {

/// outputs = inputs weights^T, and what is fused with it.
struct ForwardPlan {
  MatmulPlan product;
  bool fused_bias = false;
  bool fused_relu = false;  ///< then also the bias; the result goes to the next layer's input, else to z (float32)
};

/// Who computes a layer's bias gradient.
enum class BiasGradient { kNone, kInputGradient, kWeightGradient, kColumnSum };

/// The products of one layer of a training step.
struct LayerPlans {
  ForwardPlan forward;
  MatmulPlan weight_gradient;
  std::optional<MatmulPlan> input_gradient;  ///< all but the first layer; with the ReLU below if that is fused
  BiasGradient bias_gradient = BiasGradient::kNone;
};

/// Throws DeviceError if cuBLASLt cannot even multiply.
[[nodiscard]] std::vector<LayerPlans> training_plans(cublasLtHandle_t handle, const NetworkShape& shape,
                                                     std::int64_t rows);
[[nodiscard]] std::vector<ForwardPlan> prediction_plans(cublasLtHandle_t handle, const NetworkShape& shape,
                                                        std::int64_t rows);

}  // namespace slalom::cuda
