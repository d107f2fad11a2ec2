// SPDX-License-Identifier: Apache-2.0
// Device memory for predictions, and how rows of the host get there in pieces.
#pragma once

#include <cstdint>
#include <span>

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>

#include "cuda/arena.hpp"
#include "cuda/engine.hpp"

namespace slalom::cuda {

/// What to predict, with which parameters.
struct PredictionJob {
  const float* parameters = nullptr;    ///< on the device
  FeatureView x;                        ///< on the host
  const float* resident = nullptr;      ///< the same features on the device, or null: they are uploaded piece by piece
  std::span<const std::uint32_t> rows;  ///< empty: all
  std::int64_t n_outputs = 1;
  std::span<float> outputs;  ///< on the host: [rows, n_outputs]
};

/// Predicts in pieces of kRows rows with buffers that are kept from call to call.
class PredictionBuffers {
 public:
  static constexpr std::int64_t kRows = 16384;
  void predict(DeviceEngine& engine, const PredictionJob& job, cudaStream_t stream);

 private:
  void reserve(const PredictionJob& job, std::int64_t rows, cudaStream_t stream);

  std::int64_t capacity_rows_ = 0, capacity_stride_ = 0, capacity_outputs_ = 0;
  Arena host_, device_;
  Piece<float> features_, outputs_;
  Piece<std::uint32_t> rows_;
};

}  // namespace slalom::cuda
