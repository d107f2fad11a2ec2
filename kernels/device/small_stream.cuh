// SPDX-License-Identifier: Apache-2.0
// Brings the rows of a member's batches into shared memory, a tile ahead of the arithmetic.
#pragma once

#include "device/async_copy.cuh"
#include "device/small_block.cuh"
#include "member_task.hpp"

namespace slalom::cuda {

/// A tile: the next rows of a batch.
struct SmallTile {
  std::int64_t step = 0;
  std::int64_t begin = 0;  ///< of the tile, among the task's rows
  int first_row = 0;       ///< of the tile, in its batch
  int rows = 0;            ///< 0: past the end
  int batch_rows = 0;
  [[nodiscard]] __device__ bool ends_batch() const { return first_row + rows == batch_rows; }
};

/// Tiles of a task in order.
[[nodiscard]] __device__ inline SmallTile small_tile(const MemberTask& task, int tile_rows, std::int64_t step,
                                                     int first_row) {
  SmallTile tile{.step = step, .begin = step * task.batch_size + first_row, .first_row = first_row};
  const std::int64_t left = task.n_rows - step * task.batch_size;
  if (left <= 0) return tile;
  tile.batch_rows = static_cast<int>(left < task.batch_size ? left : task.batch_size);
  tile.rows = min(tile_rows, tile.batch_rows - first_row);
  return tile;
}
[[nodiscard]] __device__ inline SmallTile next_tile(const MemberTask& task, int tile_rows, const SmallTile& tile) {
  if (tile.rows == 0) return tile;
  return tile.ends_batch() ? small_tile(task, tile_rows, tile.step + 1, 0)
                           : small_tile(task, tile_rows, tile.step, tile.first_row + tile.rows);
}

/// Two buffers for everything that depends on the rows; tile t uses buffer t mod 2. Copies are asynchronous: they are
/// there after wait_async<0>() and the crew's barrier.
class SmallStream {
 public:
  __device__ SmallStream(const SmallNetwork& net, const MemberTask& task, const SmallPlan& plan, float* shared,
                         const SmallCrew& crew)
      : net_(net), task_(task), plan_(plan), shared_(shared), crew_(crew) {}

  [[nodiscard]] __device__ SharedMatrix x(int buffer) const {
    const int pitch = small_pitch(net_.n_features);
    return {shared_ + plan_.memory.x + buffer * plan_.tile_rows * pitch, pitch};
  }
  [[nodiscard]] __device__ float* targets(int buffer) const {
    return shared_ + plan_.memory.targets + buffer * plan_.tile_rows * net_.n_targets;
  }
  [[nodiscard]] __device__ float* weights(int buffer) const {
    return shared_ + plan_.memory.weights + buffer * plan_.tile_rows;
  }
  /// Of the steps whose number is even (buffer 0) or odd (1).
  [[nodiscard]] __device__ const core::StepConstants<float>& constants(std::int64_t step) const {
    return reinterpret_cast<const core::StepConstants<float>*>(shared_ + plan_.memory.constants)[step % 2];
  }

  /// Starts copying which rows make the tile.
  __device__ void fetch_indices(const SmallTile& tile, int buffer) const {
    if (task_.rows == nullptr) return;
    for (int i = crew_.tid; i < tile.rows; i += crew_.threads()) {
      copy_async<4>(shared_address(indices(buffer) + i), task_.rows + tile.begin + i, true);
    }
  }

  /// Starts copying the tile's rows with what belongs to them, and with a batch's first tile the step's constants.
  /// Its indices must be there.
  __device__ void fetch_rows(const SmallTile& tile, int buffer) const {
    const DeviceFeatures& x_from = task_.data.x;
    const SharedMatrix x_to = x(buffer);
    // Rows of 3 and more features are copied by quads, whose padding is zero.
    const int units = x_from.stride >= 4 ? quads_of(net_.n_features) : net_.n_features;
    for (int i = crew_.tid; i < tile.rows * units; i += crew_.threads()) {
      const int row = i / units;
      const int unit = i - row * units;
      const float* from = x_from.data + row_of(tile, buffer, row) * x_from.stride;
      if (x_from.stride >= 4) {
        copy_async<16>(shared_address(x_to.row(row) + 4 * unit), from + 4 * unit, true);
      } else {
        copy_async<4>(shared_address(x_to.row(row) + unit), from + unit, true);
      }
    }
    const float* targets_from = net_.loss == LossKind::kCrossEntropy
                                    ? reinterpret_cast<const float*>(task_.data.labels)  // bits are copied
                                    : task_.data.targets;
    for (int i = crew_.tid; i < tile.rows * net_.n_targets; i += crew_.threads()) {
      const int row = i / net_.n_targets;
      copy_async<4>(shared_address(targets(buffer) + i),
                    targets_from + row_of(tile, buffer, row) * net_.n_targets + i - row * net_.n_targets, true);
    }
    if (task_.data.weights != nullptr) {
      for (int i = crew_.tid; i < tile.rows; i += crew_.threads()) {
        copy_async<4>(shared_address(weights(buffer) + i), task_.data.weights + row_of(tile, buffer, i), true);
      }
    }
    constexpr int kQuads = sizeof(core::StepConstants<float>) / 16;
    static_assert(kQuads * 16 == sizeof(core::StepConstants<float>));
    if (tile.rows > 0 && tile.first_row == 0 && crew_.tid < kQuads) {
      copy_async<16>(shared_address(shared_ + plan_.memory.constants + (tile.step % 2) * 4 * kQuads + 4 * crew_.tid),
                     reinterpret_cast<const float*>(task_.constants + tile.step) + 4 * crew_.tid, true);
    }
  }

 private:
  [[nodiscard]] __device__ std::uint32_t* indices(int buffer) const {
    return reinterpret_cast<std::uint32_t*>(shared_ + plan_.memory.rows) + buffer * plan_.tile_rows;
  }
  [[nodiscard]] __device__ std::int64_t row_of(const SmallTile& tile, int buffer, int row) const {
    return task_.rows == nullptr ? tile.begin + row : static_cast<std::int64_t>(indices(buffer)[row]);
  }

  const SmallNetwork& net_;
  const MemberTask& task_;
  const SmallPlan& plan_;
  float* shared_;
  const SmallCrew& crew_;
};

}  // namespace slalom::cuda
