// SPDX-License-Identifier: Apache-2.0
// Metrics of rows that are on the device, computed there.
#pragma once

#include <cstdint>
#include <span>

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>
#include <slalom/metrics.hpp>

#include "cuda/arena.hpp"
#include "cuda/engine.hpp"
#include "cuda/scratch.hpp"
#include "evaluation.cuh"

namespace slalom::cuda {

/// What to evaluate, with which parameters.
struct EvaluationJob {
  const ModelSpec& spec;
  const float* parameters = nullptr;    ///< on the device
  const Dataset& data;                  ///< on the host: for the targets' units
  DeviceData resident;                  ///< the same on the device
  std::span<const std::uint32_t> rows;  ///< empty: all
};

/// Predicts into memory that is kept from call to call, then sums. The formulas are core/row_metrics.hpp's and
/// train/metric_sums.hpp's, as on the host; values differ by the order of float64 sums and by how exact exp is.
class Evaluator {
 public:
  explicit Evaluator(cudaStream_t stream) : scratch_(stream) {}

  /// Waits for the stream. Throws OutOfMemory if outputs or sorted scores of all rows do not fit.
  [[nodiscard]] Metrics evaluate(DeviceEngine& engine, const EvaluationJob& job);

  /// Gives all memory back; false if there is none.
  bool release();
  /// Of device memory.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept {
    return static_cast<std::int64_t>(arena_.bytes()) + scratch_.memory_bytes();
  }

 private:
  [[nodiscard]] Metrics sum_up(const EvaluatedRows& rows, const EvaluationJob& job);
  [[nodiscard]] EvaluatedRows predict(DeviceEngine& engine, const EvaluationJob& job);

  std::int64_t capacity_outputs_ = 0, capacity_rows_ = 0;
  Arena arena_;
  ScratchMemory scratch_;
  Piece<float> outputs_;
  Piece<std::uint32_t> rows_;
};

}  // namespace slalom::cuda
