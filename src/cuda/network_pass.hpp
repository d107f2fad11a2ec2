// SPDX-License-Identifier: Apache-2.0
// Enqueues the passes of a network: a training step and a prediction, kernel by kernel.
#pragma once

#include <cstdint>
#include <vector>

#include <cuda_runtime_api.h>

#include "cuda/network_memory.hpp"
#include "cuda/network_plans.hpp"
#include "cuda/network_shape.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// One training step, as a graph records it: everything that differs between step blocks and members comes from the
/// control in `memory`.
struct TrainingStep {
  const NetworkShape& shape;
  const TrainingMemory& memory;
  const std::vector<LayerPlans>& plans;  ///< for n_rows rows
  std::int64_t n_rows = 0;
  std::size_t parity = 0;  ///< which copy of parameters and state it reads: 0 or 1
  bool clips_norm = false;
  BlasContext blas;

  /// gather, forward, loss, backward, update. A ReLU network of L layers whose epilogues are fused: 3 L + 2 kernels.
  void enqueue() const;

 private:
  void forward(std::size_t l) const;
  void backward(std::size_t l) const;
  void update() const;
  [[nodiscard]] DeviceMatrix delta(std::size_t l) const;
  [[nodiscard]] ParameterPointers parameters() const;
};

/// A prediction of n_rows rows; the outputs are the last layer's z: [n_rows, n_outputs], stride row_stride(n_outputs).
struct PredictionPass {
  const NetworkShape& shape;
  const PredictionMemory& memory;
  const std::vector<ForwardPlan>& plans;  ///< for n_rows rows
  ParameterPointers parameters;
  DeviceFeatures x;
  const std::uint32_t* rows = nullptr;  ///< as in MemberTask
  std::int64_t n_rows = 0;
  BlasContext blas;

  void enqueue() const;
};

}  // namespace slalom::cuda
