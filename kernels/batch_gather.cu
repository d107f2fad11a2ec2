// SPDX-License-Identifier: Apache-2.0
// Copies the rows of a step's batch next to each other, in the number type of the network's products.
#include "batch_gather.cuh"

#include "cuda/check.hpp"
#include "device/batch_row.cuh"
#include "device/number.cuh"
#include "device/quad.cuh"
#include "device/row_tile.cuh"

namespace slalom::cuda {
namespace {

// Computes   out[i] = x[row of batch row i], rounded to T; the step comes from device memory, so a graph can hold it.
// Work split a thread moves four neighbours (or the one or two there are) of a row; RowTile.
// Memory     reads of a row are contiguous: rows of 32 bytes and more use whole sectors; writes are contiguous.
// Order      none: no two threads touch the same place.
// Bound by   memory: 4 bytes read and 4 or 2 written a value, 4 bytes of index a row.
// Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void batch_gather_kernel(const BatchGatherArguments a) {
  const bool whole = a.out.stride % 4 == 0;
  const float* x = a.control == nullptr ? a.x.data : a.control->task.data.x.data;
  T* out = static_cast<T*>(a.out.data);
  for_each_unit(a.n_rows, (a.x.stride + 3) / 4, [&](std::int64_t i, std::int64_t quad) {
    std::int64_t from = 0;
    if (a.control != nullptr) {
      from = batch_row(a.control->task, a.control->step, i);
    } else {
      from = a.rows == nullptr ? i : static_cast<std::int64_t>(a.rows[i]);
    }
    store_quad(out + i * a.out.stride, quad, a.x.stride, whole,
               load_quad(x + from * a.x.stride, quad, a.x.stride, whole));
  });
}

}  // namespace

void launch_batch_gather(const BatchGatherArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const RowTile tile(arguments.n_rows, (arguments.x.stride + 3) / 4);
  with_number(arguments.out.number,
              [&]<class T>() { batch_gather_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments); });
  SLALOM_CHECK_LAUNCH(batch_gather_kernel);
}

}  // namespace slalom::cuda
