// SPDX-License-Identifier: Apache-2.0
// Copies rows without their padding.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace slalom::cuda {

struct UnpadArguments {
  const float* from = nullptr;  ///< [n_rows, units], stride row_stride(units)
  std::int64_t n_rows = 0, units = 0;
  float* to = nullptr;  ///< [n_rows, units], rows without gaps
};
void launch_unpad(const UnpadArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
