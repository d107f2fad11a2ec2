// SPDX-License-Identifier: Apache-2.0
// The launch geometry of kernels that go over a matrix element by element.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

#include <cuda_runtime_api.h>

namespace slalom::cuda {

/// Blocks of 256 threads: x walks along a row, y over rows, the grid over blocks of rows, so that no thread divides.
/// Consecutive threads touch consecutive elements; a narrow row is shared by few threads, so that a warp covers
/// several.
struct RowTile {
  static constexpr unsigned kThreads = 256;
  static constexpr std::int64_t kMostBlocks = 1056;  // 8 blocks on each of 132 multiprocessors; more rows: more turns
  dim3 grid, block;

  RowTile(std::int64_t rows, std::int64_t units_per_row) {
    const auto x = static_cast<unsigned>(
        std::min<std::uint64_t>(kThreads, std::bit_ceil(static_cast<std::uint64_t>(units_per_row))));
    block = dim3(x, kThreads / x);
    const std::int64_t blocks = (rows + block.y - 1) / block.y;
    grid = dim3(static_cast<unsigned>(std::min(blocks, kMostBlocks)));
  }
};

/// Calls visit(row, unit) for every unit of every row of this thread.
template <class Visitor>
__device__ void for_each_unit(std::int64_t rows, std::int64_t units_per_row, Visitor&& visit) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.y;
  for (std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * blockDim.y + threadIdx.y; row < rows; row += step) {
    for (std::int64_t unit = threadIdx.x; unit < units_per_row; unit += blockDim.x) visit(row, unit);
  }
}

}  // namespace slalom::cuda
