// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of a batch: bias gradients where no matrix product gives them on the way.
#include "column_sum.cuh"

#include "cuda/check.hpp"
#include "device/column_tile.cuh"
#include "device/number.cuh"

namespace slalom::cuda {
namespace {

// Computes   sums[j] = sum_i values[i, j].
// Work split a block takes 8 columns and all rows; ColumnTile. Columns beyond the last add zeros.
// Memory     each warp reads four rows of one 32-byte sector (float32).
// Order      a thread adds its rows in order, then the 64 row threads in halves: fixed.
// Bound by   memory for many columns, latency for few: n / 64 dependent additions a thread.
// Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void column_sum_kernel(const ColumnSumArguments a) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * ColumnTile::kColumns + threadIdx.x;
  const T* values = static_cast<const T*>(a.values.data);
  double sum = 0.0;
  if (j < a.units) {
    for (std::int64_t i = threadIdx.y; i < a.n_rows; i += ColumnTile::kRows) {
      sum += static_cast<double>(static_cast<float>(values[i * a.values.stride + j]));
    }
  }
  sum = column_sum(sum);
  if (threadIdx.y == 0 && j < a.units) a.sums[j] = static_cast<float>(sum);
}

}  // namespace

void launch_column_sum(const ColumnSumArguments& arguments, cudaStream_t stream) {
  if (arguments.units == 0) return;
  const ColumnTile tile(arguments.units);
  with_number(arguments.values.number,
              [&]<class T>() { column_sum_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments); });
  SLALOM_CHECK_LAUNCH(column_sum_kernel);
}

}  // namespace slalom::cuda
