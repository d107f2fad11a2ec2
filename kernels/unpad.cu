// SPDX-License-Identifier: Apache-2.0
// Copies rows without their padding.
#include "unpad.cuh"

#include <slalom/dataset.hpp>

#include "cuda/check.hpp"
#include "device/row_tile.cuh"

namespace slalom::cuda {
namespace {

// Computes   to[i, j] = from[i, j], from padded to unpadded rows.
// Work split a thread moves one value; RowTile.
// Memory     neighbouring threads read and write neighbouring values.
// Order      none: no two threads touch the same place.
// Bound by   memory: 4 bytes read and written a value.
// Test       tests/cuda/network_kernels_test.cpp
__global__ void unpad_kernel(const UnpadArguments a, std::int64_t stride) {
  for_each_unit(a.n_rows, a.units,
                [&](std::int64_t i, std::int64_t j) { a.to[i * a.units + j] = a.from[i * stride + j]; });
}

}  // namespace

void launch_unpad(const UnpadArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const RowTile tile(arguments.n_rows, arguments.units);
  unpad_kernel<<<tile.grid, tile.block, 0, stream>>>(arguments, row_stride(arguments.units));
  SLALOM_CHECK_LAUNCH(unpad_kernel);
}

}  // namespace slalom::cuda
