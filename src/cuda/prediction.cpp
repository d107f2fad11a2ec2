// SPDX-License-Identifier: Apache-2.0
// Uploads, predicts and downloads rows piece by piece.
#include "cuda/prediction.hpp"

#include <algorithm>
#include <cstring>

#include "cuda/check.hpp"

namespace slalom::cuda {

void PredictionBuffers::reserve(const PredictionJob& job, std::int64_t rows, cudaStream_t stream) {
  const std::int64_t stride = job.resident != nullptr ? 0 : job.x.stride;
  if (rows <= capacity_rows_ && stride <= capacity_stride_ && job.n_outputs <= capacity_outputs_) return;
  SLALOM_CHECK(cudaStreamSynchronize(stream));
  const std::int64_t n_rows = std::max(rows, capacity_rows_);
  const std::int64_t n_columns = std::max(stride, capacity_stride_);
  const std::int64_t n_outputs = std::max(job.n_outputs, capacity_outputs_);
  ArenaLayout layout;
  features_ = layout.add<float>(n_rows * n_columns);
  outputs_ = layout.add<float>(n_rows * n_outputs);
  rows_ = layout.add<std::uint32_t>(n_rows);
  release();  // if the allocation fails, nothing is there
  device_ = Arena(layout, MemoryKind::kDevice);
  host_ = Arena::on_host(layout, shortages_);
  capacity_rows_ = n_rows;
  capacity_stride_ = n_columns;
  capacity_outputs_ = n_outputs;
}

bool PredictionBuffers::make_smaller(std::int64_t least) {
  if (piece_rows_ <= least) return false;
  piece_rows_ = std::max(piece_rows_ / 2, least);
  release();
  return true;
}

bool PredictionBuffers::release() {
  const bool held = device_.bytes() > 0;
  capacity_rows_ = capacity_stride_ = capacity_outputs_ = 0;
  host_ = {};
  device_ = {};
  return held;
}

void PredictionBuffers::predict(DeviceEngine& engine, const PredictionJob& job, cudaStream_t stream) {
  const std::int64_t total = static_cast<std::int64_t>(job.outputs.size()) / job.n_outputs;
  if (total == 0) return;
  const std::int64_t largest = std::min(total, piece_rows_);
  reserve(job, largest, stream);
  engine.reserve_prediction(largest);
  const auto row_of = [&](std::int64_t i) {
    return job.rows.empty() ? static_cast<std::uint32_t>(i) : job.rows[static_cast<std::size_t>(i)];
  };
  for (std::int64_t start = 0; start < total; start += largest) {
    const std::int64_t n = std::min(largest, total - start);
    DeviceFeatures x{.data = job.resident, .n_features = job.x.n_features, .stride = job.x.stride};
    const std::uint32_t* rows = nullptr;
    if (job.resident == nullptr) {
      float* to = host_.pointer(features_);
      const auto row_bytes = static_cast<std::size_t>(job.x.stride) * sizeof(float);
      for (std::int64_t i = 0; i < n; ++i) std::memcpy(to + i * job.x.stride, job.x.row(row_of(start + i)), row_bytes);
      x.data = device_.pointer(features_);
      SLALOM_CHECK(cudaMemcpyAsync(device_.pointer(features_), to, static_cast<std::size_t>(n) * row_bytes,
                                   cudaMemcpyHostToDevice, stream));
    } else {
      for (std::int64_t i = 0; i < n; ++i) host_.pointer(rows_)[i] = row_of(start + i);
      rows = device_.pointer(rows_);
      SLALOM_CHECK(cudaMemcpyAsync(device_.pointer(rows_), host_.pointer(rows_),
                                   static_cast<std::size_t>(n) * sizeof(std::uint32_t), cudaMemcpyHostToDevice,
                                   stream));
    }
    engine.predict(job.parameters, x, rows, n, device_.pointer(outputs_), stream);
    const auto bytes = static_cast<std::size_t>(n * job.n_outputs) * sizeof(float);
    SLALOM_CHECK(
        cudaMemcpyAsync(host_.pointer(outputs_), device_.pointer(outputs_), bytes, cudaMemcpyDeviceToHost, stream));
    SLALOM_CHECK(cudaStreamSynchronize(stream));
    std::memcpy(job.outputs.data() + start * job.n_outputs, host_.pointer(outputs_), bytes);
  }
}

}  // namespace slalom::cuda
