// SPDX-License-Identifier: Apache-2.0
// Uploads, predicts and downloads rows piece by piece.
#include "cuda/prediction.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "cuda/check.hpp"

namespace slalom::cuda {

void PredictionBuffers::reserve(const PredictionJob& job, const Pieces& pieces, cudaStream_t stream) {
  const std::int64_t stride = job.resident != nullptr ? 0 : job.x.stride;
  const std::size_t n_slots = pieces.count > 1 ? kSlots : 1;
  if (pieces.rows <= capacity_rows_ && stride <= capacity_stride_ && job.n_outputs <= capacity_outputs_ &&
      n_slots <= memory_.size()) {
    return;
  }
  SLALOM_CHECK(cudaStreamSynchronize(stream));
  const std::int64_t n_rows = std::max(pieces.rows, capacity_rows_);
  const std::int64_t n_columns = std::max(stride, capacity_stride_);
  const std::int64_t n_outputs = std::max(job.n_outputs, capacity_outputs_);
  std::vector<Memory> memory(std::max(n_slots, memory_.size()));
  ArenaLayout layout;
  features_ = layout.add<float>(n_rows * n_columns);
  outputs_ = layout.add<float>(n_rows * n_outputs);
  rows_ = layout.add<std::uint32_t>(n_rows);
  release();  // if an allocation fails, nothing is there
  for (Memory& each : memory) {
    each.device = Arena(layout, MemoryKind::kDevice);
    each.host = Arena::on_host(layout, shortages_);
  }
  memory_ = std::move(memory);
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
  const bool held = !memory_.empty();
  capacity_rows_ = capacity_stride_ = capacity_outputs_ = 0;
  memory_.clear();
  return held;
}

std::int64_t PredictionBuffers::memory_bytes() const noexcept {
  std::int64_t bytes = 0;
  for (const Memory& each : memory_) bytes += static_cast<std::int64_t>(each.device.bytes());
  return bytes;
}

void PredictionBuffers::predict(DeviceEngine& engine, const PredictionJob& job, cudaStream_t stream) {
  const std::int64_t total = static_cast<std::int64_t>(job.outputs.size()) / job.n_outputs;
  if (total == 0) return;
  const std::int64_t largest = std::min(total, piece_rows_);
  const Pieces pieces{.total = total, .rows = largest, .count = (total + largest - 1) / largest};
  reserve(job, pieces, stream);
  engine.reserve_prediction(largest);
  const auto n_slots = static_cast<std::int64_t>(memory_.size());
  for (std::int64_t i = 0; i < pieces.count; ++i) {
    if (i >= n_slots) collect(job, pieces, i - n_slots);
    upload(job, pieces, i);
    compute(engine, job, pieces, i, stream);
  }
  for (std::int64_t i = std::max<std::int64_t>(0, pieces.count - n_slots); i < pieces.count; ++i) {
    collect(job, pieces, i);
  }
}

/// Writes the piece's rows, or where they are resident their numbers, to the slot and enqueues their copy.
void PredictionBuffers::upload(const PredictionJob& job, const Pieces& pieces, std::int64_t index) {
  const std::int64_t start = pieces.start(index);
  const std::int64_t n = pieces.size(index);
  const Memory& memory = memory_[slot_of(index)];
  const auto row_of = [&](std::int64_t i) {
    return job.rows.empty() ? static_cast<std::uint32_t>(i) : job.rows[static_cast<std::size_t>(i)];
  };
  const auto copy = [&](auto piece, std::int64_t count) {
    SLALOM_CHECK(cudaMemcpyAsync(memory.device.pointer(piece), memory.host.pointer(piece),
                                 static_cast<std::size_t>(count) * sizeof(*memory.host.pointer(piece)),
                                 cudaMemcpyHostToDevice, copy_.get()));
  };
  if (job.resident == nullptr) {
    float* to = memory.host.pointer(features_);
    const auto row_bytes = static_cast<std::size_t>(job.x.stride) * sizeof(float);
    for (std::int64_t i = 0; i < n; ++i) std::memcpy(to + i * job.x.stride, job.x.row(row_of(start + i)), row_bytes);
    copy(features_, n * job.x.stride);
  } else {
    for (std::int64_t i = 0; i < n; ++i) memory.host.pointer(rows_)[i] = row_of(start + i);
    copy(rows_, n);
  }
  SLALOM_CHECK(cudaEventRecord(events_[slot_of(index)].uploaded.get(), copy_.get()));
}

/// Enqueues the piece's predictions and their copy to the slot.
void PredictionBuffers::compute(DeviceEngine& engine, const PredictionJob& job, const Pieces& pieces,
                                std::int64_t index, cudaStream_t stream) {
  const std::int64_t n = pieces.size(index);
  const Memory& memory = memory_[slot_of(index)];
  const Events& events = events_[slot_of(index)];
  const bool sent = job.resident == nullptr;
  SLALOM_CHECK(cudaStreamWaitEvent(stream, events.uploaded.get(), 0));
  engine.predict(job.parameters,
                 {.data = sent ? memory.device.pointer(features_) : job.resident,
                  .n_features = job.x.n_features,
                  .stride = job.x.stride},
                 sent ? nullptr : memory.device.pointer(rows_), n, memory.device.pointer(outputs_), stream);
  SLALOM_CHECK(cudaMemcpyAsync(memory.host.pointer(outputs_), memory.device.pointer(outputs_),
                               static_cast<std::size_t>(n * job.n_outputs) * sizeof(float), cudaMemcpyDeviceToHost,
                               stream));
  SLALOM_CHECK(cudaEventRecord(events.done.get(), stream));
}

/// Waits for the piece and hands its predictions out: its slot is free then.
void PredictionBuffers::collect(const PredictionJob& job, const Pieces& pieces, std::int64_t index) {
  SLALOM_CHECK(cudaEventSynchronize(events_[slot_of(index)].done.get()));
  std::memcpy(job.outputs.data() + pieces.start(index) * job.n_outputs, memory_[slot_of(index)].host.pointer(outputs_),
              static_cast<std::size_t>(pieces.size(index) * job.n_outputs) * sizeof(float));
}

}  // namespace slalom::cuda
