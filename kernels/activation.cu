// SPDX-License-Identifier: Apache-2.0
// Bias, activation and dropout of a layer in one pass, and their derivative in one pass.
#include "activation.cuh"

#include <slalom/dataset.hpp>

#include "core/activations.hpp"
#include "cuda/check.hpp"
#include "device/dropout.cuh"
#include "device/number.cuh"
#include "device/quad.cuh"
#include "device/row_tile.cuh"

namespace slalom::cuda {
namespace {

/// Multiplies four neighbours by their mask: 0, or 1 / (1 - rate).
__device__ void drop(Quad& q, const core::DropoutKey& key, std::int64_t row, std::int64_t quad, float rate) {
  const auto words = core::dropout_words(key, row, quad);
  const float kept = core::dropout_gain<float>(rate);
#pragma unroll
  for (int k = 0; k < 4; ++k) q.v[k] *= core::dropout_keeps(words[k], rate) ? kept : 0.0F;
}

// Computes   z += bias; out = h(z) * mask.
// Work split a thread takes four neighbouring units of a row, which share one block of random numbers; RowTile.
// Memory     float4 (8 bytes of bfloat16) along rows; rows of 1 or 2 units element by element.
// Order      none: no two threads touch the same place.
// Bound by   memory: 4 bytes read (8 moved with a bias) and 4 or 2 written a unit; with dropout about 30 integer
//            instructions a unit.
// Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void activation_kernel(const ActivationArguments a, std::int64_t stride) {
  const bool whole = stride % 4 == 0;
  const bool drops = a.dropout.rate > 0.0F;
  const core::DropoutKey key = drops ? dropout_key(a.dropout) : core::DropoutKey{};
  for_each_unit(a.n_rows, (a.units + 3) / 4, [&](std::int64_t row, std::int64_t quad) {
    float* z_row = a.z + row * stride;
    Quad q = load_quad(z_row, quad, a.units, whole);
    if (a.bias != nullptr) {
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        if (4 * quad + k < a.units) q.v[k] += a.bias[4 * quad + k];
      }
      store_quad(z_row, quad, a.units, whole, q);
    }
    if (a.bias_only) return;
#pragma unroll
    for (int k = 0; k < 4; ++k) q.v[k] = core::activate(a.activation, q.v[k]);
    if (drops) drop(q, key, row, quad, a.dropout.rate);
    store_quad(static_cast<T*>(a.out.data) + row * stride, quad, a.units, whole, q);
  });
}

// Computes   delta = upstream * mask * h'(z).
// Work split, memory, order: as activation_kernel; delta may overwrite upstream, each element by the thread that read
// it. Bound by   memory: 8 bytes read and 4 or 2 written a unit. Test       tests/cuda/network_kernels_test.cpp
template <class T>
__global__ void activation_gradient_kernel(const ActivationGradientArguments a, std::int64_t stride) {
  const bool whole = stride % 4 == 0;
  const bool drops = a.dropout.rate > 0.0F;
  const core::DropoutKey key = drops ? dropout_key(a.dropout) : core::DropoutKey{};
  for_each_unit(a.n_rows, (a.units + 3) / 4, [&](std::int64_t row, std::int64_t quad) {
    Quad delta = load_quad(a.upstream + row * stride, quad, a.units, whole);
    const Quad z = load_quad(a.z + row * stride, quad, a.units, whole);
    if (drops) drop(delta, key, row, quad, a.dropout.rate);
#pragma unroll
    for (int k = 0; k < 4; ++k) delta.v[k] *= core::activation_derivative(a.activation, z.v[k]);
    store_quad(static_cast<T*>(a.delta.data) + row * stride, quad, a.units, whole, delta);
  });
}

}  // namespace

void launch_activation(const ActivationArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0 || (arguments.bias == nullptr && arguments.bias_only)) return;
  const RowTile tile(arguments.n_rows, (arguments.units + 3) / 4);
  const std::int64_t stride = row_stride(arguments.units);
  with_number(arguments.out.number,
              [&]<class T>() { activation_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments, stride); });
  SLALOM_CHECK_LAUNCH(activation_kernel);
}

void launch_activation_gradient(const ActivationGradientArguments& arguments, cudaStream_t stream) {
  if (arguments.n_rows == 0) return;
  const RowTile tile(arguments.n_rows, (arguments.units + 3) / 4);
  const std::int64_t stride = row_stride(arguments.units);
  with_number(arguments.delta.number, [&]<class T>() {
    activation_gradient_kernel<T><<<tile.grid, tile.block, 0, stream>>>(arguments, stride);
  });
  SLALOM_CHECK_LAUNCH(activation_gradient_kernel);
}

}  // namespace slalom::cuda
