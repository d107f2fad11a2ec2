// SPDX-License-Identifier: Apache-2.0
// Copies the rows of a batch next to each other.
#include "gather.cuh"

#include <algorithm>

#include "cuda/check.hpp"

namespace slalom::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 1056;  // 8 blocks on each of 132 multiprocessors; more rows: more turns

// Computes   out[i] = x[rows[i]] for n_rows rows of `units` T.
// Work split a thread moves one T (float4 if rows are multiples of 16 bytes, else float) and goes on by the size of the
//            grid; consecutive threads take consecutive parts of a row, then the next row.
// Memory     reads of a row are contiguous: rows of 32 bytes and more use whole sectors; writes are contiguous.
// Order      none: no two threads touch the same place.
// Bound by   memory: one read and one write a value, 4 bytes of index a row.
// Test       tests/cuda/gather_test.cpp
template <class T>
__global__ void gather_kernel(const T* __restrict__ x, const std::uint32_t* __restrict__ rows, std::int64_t n_rows,
                              std::int64_t units, T* __restrict__ out) {
  const std::int64_t total = n_rows * units;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < total; i += step) {
    const std::int64_t row = i / units;
    const std::int64_t from = rows == nullptr ? row : static_cast<std::int64_t>(rows[row]);
    out[i] = x[from * units + i % units];
  }
}

template <class T>
void launch(const GatherArguments& a, cudaStream_t stream) {
  const std::int64_t units =
      a.x.stride * static_cast<std::int64_t>(sizeof(float)) / static_cast<std::int64_t>(sizeof(T));
  const std::int64_t blocks = std::min((a.n_rows * units + kThreads - 1) / kThreads, kMostBlocks);
  gather_kernel<T><<<static_cast<unsigned>(blocks), kThreads, 0, stream>>>(
      reinterpret_cast<const T*>(a.x.data), a.rows, a.n_rows, units, reinterpret_cast<T*>(a.out));
  SLALOM_CHECK_LAUNCH(gather_kernel);
}

}  // namespace

void launch_gather(const GatherArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0 || arguments.x.stride == 0) return;
  if (arguments.x.stride % 4 == 0) {
    launch<float4>(arguments, stream);
  } else {
    launch<float>(arguments, stream);
  }
}

}  // namespace slalom::cuda
