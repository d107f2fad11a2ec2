// SPDX-License-Identifier: Apache-2.0
// Device memory for predictions, and how rows of the host get there in pieces.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <cuda_runtime_api.h>

#include <slalom/dataset.hpp>

#include "cuda/arena.hpp"
#include "cuda/engine.hpp"
#include "cuda/handle.hpp"

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

/// Predicts in pieces of kRows rows with buffers that are kept from call to call. While the device computes one piece,
/// the host writes the next to page-locked memory and a stream of its own copies it.
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
  [[nodiscard]] std::int64_t memory_bytes() const noexcept;

 private:
  static constexpr std::size_t kSlots = 2;
  /// A slot serves one piece at a time: inputs and outputs on either side, of one layout.
  struct Memory {
    Arena host, device;
  };
  struct Events {
    Event uploaded = make_event();
    Event done = make_event();
  };
  /// How the rows of a call are cut.
  struct Pieces {
    std::int64_t total = 0, rows = 0, count = 0;
    [[nodiscard]] std::int64_t start(std::int64_t i) const { return i * rows; }
    [[nodiscard]] std::int64_t size(std::int64_t i) const { return std::min(rows, total - start(i)); }
  };

  void reserve(const PredictionJob& job, const Pieces& pieces, cudaStream_t stream);
  void upload(const PredictionJob& job, const Pieces& pieces, std::int64_t index);
  void compute(DeviceEngine& engine, const PredictionJob& job, const Pieces& pieces, std::int64_t index,
               cudaStream_t stream);
  void collect(const PredictionJob& job, const Pieces& pieces, std::int64_t index);
  [[nodiscard]] std::size_t slot_of(std::int64_t index) const {
    return static_cast<std::size_t>(index) % memory_.size();
  }

  std::int64_t piece_rows_ = kRows;
  Shortages* shortages_ = nullptr;  ///< told if the host's part is not page-locked
  std::int64_t capacity_rows_ = 0, capacity_stride_ = 0, capacity_outputs_ = 0;
  Stream copy_ = make_stream();
  std::array<Events, kSlots> events_;
  std::vector<Memory> memory_;  ///< one slot, or kSlots once there was more than one piece
  Piece<float> features_, outputs_;
  Piece<std::uint32_t> rows_;
};

}  // namespace slalom::cuda
