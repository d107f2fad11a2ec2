// SPDX-License-Identifier: Apache-2.0
// Batch normalisation with the activation and dropout that follow it, forward and backward, one launch each.
#include "batch_norm.cuh"

#include <slalom/dataset.hpp>

#include "core/activations.hpp"
#include "core/batch_norm.hpp"
#include "cuda/check.hpp"
#include "device/column_tile.cuh"
#include "device/dropout.cuh"
#include "device/number.cuh"
#include "device/quad.cuh"
#include "device/row_tile.cuh"

namespace slalom::cuda {
namespace {

/// 1 without dropout; else 0 or 1 / (1 - rate).
__device__ float mask_of(bool drops, const core::DropoutKey& key, std::int64_t row, std::int64_t unit, float rate) {
  if (!drops) return 1.0F;
  return core::dropout_keeps(key, row, unit, rate) ? core::dropout_gain<float>(rate) : 0.0F;
}

// Computes   mean and variance of each column over the batch (float64), z = (z - mean) / deviation in place,
//            out = h(gamma z + beta) * mask, and the running statistics' blend with them.
// Work split a block takes 8 columns and all rows; ColumnTile. Threads of columns beyond the last only take part in
// sums. Memory     three passes over the block's columns, 32 bytes a row: the second and third usually hit L1 or L2.
// Order      a thread adds its rows in order, then the 64 row threads in halves: fixed.
// Bound by   memory for many columns (4 bytes read, 8 or 6 written a value), latency for few.
// Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void __launch_bounds__(ColumnTile::kColumns* ColumnTile::kRows)
    batch_norm_kernel(const BatchNormArguments a, std::int64_t stride) {
  if (*a.dropout.control->task.first_non_finite >= 0) return;  // the running statistics are those of the last good step
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * ColumnTile::kColumns + threadIdx.x;
  const bool inside = j < a.units;
  const std::int64_t rows = inside ? a.n_rows : 0;
  const auto n = static_cast<double>(a.n_rows);
  double sum = 0.0;
  for (std::int64_t i = threadIdx.y; i < rows; i += ColumnTile::kRows) sum += static_cast<double>(a.z[i * stride + j]);
  const double mean = column_sum(sum) / n;
  double squares = 0.0;
  for (std::int64_t i = threadIdx.y; i < rows; i += ColumnTile::kRows) {
    const double d = static_cast<double>(a.z[i * stride + j]) - mean;
    squares += d * d;
  }
  squares = column_sum(squares);
  if (!inside) return;

  const auto inverse = static_cast<float>(core::batch_inverse_deviation(squares / n));
  const float gamma = a.scale.gamma[j];
  const float beta = a.scale.beta[j];
  const bool drops = a.dropout.rate > 0.0F;
  const core::DropoutKey key = drops ? dropout_key(a.dropout) : core::DropoutKey{};
  T* out = static_cast<T*>(a.out.data);
  for (std::int64_t i = threadIdx.y; i < rows; i += ColumnTile::kRows) {
    const float normalised = (a.z[i * stride + j] - static_cast<float>(mean)) * inverse;
    a.z[i * stride + j] = normalised;
    const float h = core::activate(a.activation, core::scale_and_shift(normalised, gamma, beta));
    store_element(out + i * stride + j, h * mask_of(drops, key, i, j, a.dropout.rate));
  }
  if (threadIdx.y != 0) return;
  a.inverse_deviation[j] = inverse;
  const bool learns = a.n_rows > 1;  // one row has no variance to learn from
  a.next_running_mean[j] = learns ? core::blend_running(a.running_mean[j], mean) : a.running_mean[j];
  a.next_running_var[j] = learns ? core::blend_running(a.running_var[j], squares / (n - 1.0)) : a.running_var[j];
}

// Computes   d = upstream * mask * h'(gamma z + beta); gamma's gradient sum d z, beta's sum d (float64);
//            delta = gamma / deviation (d - (beta' + z gamma') / n).
// Work split and order: as batch_norm_kernel. d stays in `upstream` between the two passes, element by element in the
//            hands of one thread, so delta may be the same memory.
// Bound by   memory for many columns (8 bytes read, 8 or 6 written a value), latency for few.
// Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void __launch_bounds__(ColumnTile::kColumns* ColumnTile::kRows)
    batch_norm_gradient_kernel(const BatchNormGradientArguments a, std::int64_t stride) {
  const std::int64_t j = static_cast<std::int64_t>(blockIdx.x) * ColumnTile::kColumns + threadIdx.x;
  const bool inside = j < a.units;
  const std::int64_t rows = inside ? a.n_rows : 0;
  const float gamma = inside ? a.scale.gamma[j] : 0.0F;
  const float beta = inside ? a.scale.beta[j] : 0.0F;
  const bool drops = a.dropout.rate > 0.0F;
  const core::DropoutKey key = drops ? dropout_key(a.dropout) : core::DropoutKey{};
  double sum = 0.0;
  double weighted = 0.0;
  for (std::int64_t i = threadIdx.y; i < rows; i += ColumnTile::kRows) {
    const std::int64_t at = i * stride + j;
    const float normalised = a.normalised[at];
    const float z = core::scale_and_shift(normalised, gamma, beta);
    const float d =
        a.upstream[at] * mask_of(drops, key, i, j, a.dropout.rate) * core::activation_derivative(a.activation, z);
    a.upstream[at] = d;
    sum += static_cast<double>(d);
    weighted += static_cast<double>(d) * static_cast<double>(normalised);
  }
  sum = column_sum(sum);
  weighted = column_sum(weighted);
  if (!inside) return;

  const core::NormBackward<float> unit{.share = 1.0F / static_cast<float>(a.n_rows),
                                       .beta_gradient = static_cast<float>(sum),
                                       .gamma_gradient = static_cast<float>(weighted),
                                       .gamma = gamma,
                                       .inverse_deviation = a.inverse_deviation[j]};
  T* delta = static_cast<T*>(a.delta.data);
  for (std::int64_t i = threadIdx.y; i < rows; i += ColumnTile::kRows) {
    const std::int64_t at = i * stride + j;
    store_element(delta + at, core::normalise_derivative(a.upstream[at], a.normalised[at], unit));
  }
  if (threadIdx.y != 0) return;
  a.beta_gradient[j] = unit.beta_gradient;
  a.gamma_gradient[j] = unit.gamma_gradient;
}

// Computes   out = h(gamma (z - running mean) / running deviation + beta).
// Work split a thread takes four neighbouring units of a row; RowTile.
// Memory     float4 along rows; the four vectors of [units] are read from L1 or L2 for every row.
// Order      none: no two threads touch the same place.
// Bound by   memory: 4 bytes read and 4 or 2 written a value.
// Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void running_norm_kernel(const RunningNormArguments a, std::int64_t stride) {
  const bool whole = stride % 4 == 0;
  for_each_unit(a.n_rows, (a.units + 3) / 4, [&](std::int64_t row, std::int64_t quad) {
    Quad q = load_quad(a.z + row * stride, quad, a.units, whole);
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const std::int64_t j = 4 * quad + k;
      if (j >= a.units) continue;
      const float inverse = core::running_inverse_deviation(a.running_var[j]);
      q.v[k] = core::activate(
          a.activation, core::normalise_running(q.v[k], a.running_mean[j], inverse, a.scale.gamma[j], a.scale.beta[j]));
    }
    store_quad(static_cast<T*>(a.out.data) + row * stride, quad, a.units, whole, q);
  });
}

}  // namespace

void launch_batch_norm(const BatchNormArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const ColumnTile tile(arguments.units);
  const std::int64_t stride = row_stride(arguments.units);
  with_number(arguments.out.number,
              [&]<class T>() { batch_norm_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments, stride); });
  SLALOM_CHECK_LAUNCH(batch_norm_kernel);
}

void launch_batch_norm_gradient(const BatchNormGradientArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const ColumnTile tile(arguments.units);
  const std::int64_t stride = row_stride(arguments.units);
  with_number(arguments.delta.number, [&]<class T>() {
    batch_norm_gradient_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments, stride);
  });
  SLALOM_CHECK_LAUNCH(batch_norm_gradient_kernel);
}

void launch_running_norm(const RunningNormArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const RowTile tile(arguments.n_rows, (arguments.units + 3) / 4);
  const std::int64_t stride = row_stride(arguments.units);
  with_number(arguments.out.number,
              [&]<class T>() { running_norm_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments, stride); });
  SLALOM_CHECK_LAUNCH(running_norm_kernel);
}

}  // namespace slalom::cuda
