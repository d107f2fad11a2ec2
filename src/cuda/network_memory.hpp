// SPDX-License-Identifier: Apache-2.0
// The device memory of the network engine: where a step and a prediction find everything.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include <cuda_runtime_api.h>

#include "cuda/arena.hpp"
#include "cuda/network_shape.hpp"
#include "step_control.hpp"

namespace slalom::cuda {

/// The parameters a pass reads: float32, and as its products read them (the same memory unless bfloat16).
struct ParameterPointers {
  const float* master = nullptr;
  const void* compute = nullptr;
};

/// One layer's part of a forward pass.
struct LayerPlace {
  DeviceMatrix input;   ///< [rows, inputs]
  float* z = nullptr;   ///< [rows, outputs] before the activation; the last layer's outputs. Not used if ReLU is fused
  DeviceMatrix output;  ///< the next layer's input; none after the last layer
  void* relu_mask = nullptr;           ///< training: [rows, mask_stride(outputs)] bits
  float* inverse_deviation = nullptr;  ///< training with batch normalisation: [outputs]
};

/// Memory for training steps of up to `rows` rows. What steps read before they write it is cleared or copied from
/// `shape` on `stream`.
///
/// Products take their operands from fixed addresses, so a member's parameters come here for a run and go back after
/// it. There are two copies: a step reads one and writes the other, so that a step that turns out not to be finite
/// leaves the values before it. Of the state the member's own memory is the first copy.
class TrainingMemory {
 public:
  TrainingMemory() = default;
  TrainingMemory(const NetworkShape& shape, std::int64_t rows, cudaStream_t stream);

  std::int64_t rows = 0;
  StepControl* control = nullptr;
  std::array<float*, 2> parameters{};       ///< [n_total]
  float* odd_state = nullptr;               ///< [max_slots, n_trainable]
  const ProductTensor* products = nullptr;  ///< ProductLayout::tensors; null: the arena's layout
  void* half_parameters = nullptr;          ///< bfloat16: in the products' layout; else null
  float* gradient = nullptr;                ///< in the products' layout
  std::vector<LayerPlace> layers;
  std::array<void*, 2> delta{};  ///< [rows, widest layer] derivatives by z, layers taking turns
  float* upstream = nullptr;     ///< bfloat16: [rows, widest layer] derivatives by an activation; else null
  double* loss_partials = nullptr;
  double* norm_partials = nullptr;
  void* workspace = nullptr;  ///< of cuBLASLt

  [[nodiscard]] std::int64_t memory_bytes() const noexcept { return static_cast<std::int64_t>(arena_.bytes()); }

 private:
  Arena arena_;
};

/// Memory for predictions of up to `rows` rows at a time, cleared or copied from `shape` on `stream`.
class PredictionMemory {
 public:
  PredictionMemory() = default;
  PredictionMemory(const NetworkShape& shape, std::int64_t rows, cudaStream_t stream);

  std::int64_t rows = 0;
  const ProductTensor* products = nullptr;  ///< as in TrainingMemory
  void* half_parameters = nullptr;          ///< the same
  std::vector<LayerPlace> layers;
  void* workspace = nullptr;

  [[nodiscard]] std::int64_t memory_bytes() const noexcept { return static_cast<std::int64_t>(arena_.bytes()); }

 private:
  Arena arena_;
};

}  // namespace slalom::cuda
