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
  /// Throws OutOfMemory; after make_smaller() or release() it may be called again.
  void predict(DeviceEngine& engine, const PredictionJob& job, cudaStream_t stream);

  /// From now on pieces have half as many rows, but `least` at least; false if they have so few already.
  [[nodiscard]] bool make_smaller(std::int64_t least);
  [[nodiscard]] std::int64_t piece_rows() const noexcept { return piece_rows_; }
  /// Gives all memory back; false if there is none.
  bool release();
  void tell(Shortages* shortages) { shortages_ = shortages; }
  /// Of device memory.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept { return static_cast<std::int64_t>(device_.bytes()); }

 private:
  void reserve(const PredictionJob& job, std::int64_t rows, cudaStream_t stream);

  std::int64_t piece_rows_ = kRows;
  Shortages* shortages_ = nullptr;  ///< told if the host's part is not page-locked
  std::int64_t capacity_rows_ = 0, capacity_stride_ = 0, capacity_outputs_ = 0;
  Arena host_, device_;
  Piece<float> features_, outputs_;
  Piece<std::uint32_t> rows_;
};

}  // namespace slalom::cuda
