// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of a batch: the launch geometry and the reduction, always in the same order.
#pragma once

#include <cstdint>

#include <cuda_runtime_api.h>

namespace slalom::cuda {

/// A block owns kColumns neighbouring columns (32 bytes of float32: one sector a row) and all rows; thread (x, y) takes
/// column x and rows y, y + kRows, ... A warp reads four rows of one sector each.
struct ColumnTile {
  static constexpr int kColumns = 8;
  static constexpr int kRows = 64;
  dim3 grid, block{kColumns, kRows};

  explicit ColumnTile(std::int64_t columns) : grid(static_cast<unsigned>((columns + kColumns - 1) / kColumns)) {}
};

/// The sum of `value` over the threads of a column, which all get it: row threads added in halves. Contains barriers.
__device__ inline double column_sum(double value) {
  __shared__ double partial[ColumnTile::kRows][ColumnTile::kColumns];
  partial[threadIdx.y][threadIdx.x] = value;
  __syncthreads();
  for (unsigned half = ColumnTile::kRows / 2; half > 0; half /= 2) {
    if (threadIdx.y < half) partial[threadIdx.y][threadIdx.x] += partial[threadIdx.y + half][threadIdx.x];
    __syncthreads();
  }
  const double sum = partial[0][threadIdx.x];
  __syncthreads();  // `partial` may be used again
  return sum;
}

}  // namespace slalom::cuda
