// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of a batch: bias gradients where no matrix product gives them on the way.
#pragma once

#include <cuda_runtime_api.h>

#include "matrix.hpp"

namespace slalom::cuda {

struct ColumnSumArguments {
  std::int64_t n_rows = 0, units = 0;
  DeviceMatrix values;    ///< [n_rows, units]
  float* sums = nullptr;  ///< [units], overwritten
};
/// sums[j] = sum over i of values[i, j], in float64 in a fixed order.
void launch_column_sum(const ColumnSumArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
