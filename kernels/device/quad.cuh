// SPDX-License-Identifier: Apache-2.0
// Four neighbours of a row as one load or store, in either number type.
#pragma once

#include <cuda_bf16.h>

#include <cstdint>

namespace slalom::cuda {

struct Quad {
  float v[4];
};

/// Elements [4 quad, 4 quad + 4) of a row of `units`. Rows whose stride is a multiple of 4 are read whole, padding
/// included; shorter ones (1 or 2 units) element by element, the rest 0.
__device__ inline Quad load_quad(const float* row, std::int64_t quad, std::int64_t units, bool whole) {
  if (whole) {
    const float4 q = reinterpret_cast<const float4*>(row)[quad];
    return {{q.x, q.y, q.z, q.w}};
  }
  Quad q{};
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    if (4 * quad + k < units) q.v[k] = row[4 * quad + k];
  }
  return q;
}

__device__ inline void store_element(float* to, float value) { *to = value; }
__device__ inline void store_element(__nv_bfloat16* to, float value) { *to = __float2bfloat16_rn(value); }

__device__ inline void store_whole(float* row, std::int64_t quad, const Quad& q) {
  reinterpret_cast<float4*>(row)[quad] = make_float4(q.v[0], q.v[1], q.v[2], q.v[3]);
}
__device__ inline void store_whole(__nv_bfloat16* row, std::int64_t quad, const Quad& q) {
  union {
    __nv_bfloat162 pair[2];
    uint2 word;
  } packed;
  packed.pair[0] = __floats2bfloat162_rn(q.v[0], q.v[1]);
  packed.pair[1] = __floats2bfloat162_rn(q.v[2], q.v[3]);
  reinterpret_cast<uint2*>(row)[quad] = packed.word;
}

/// The counterpart of load_quad; padding that is written becomes 0.
template <class T>
__device__ void store_quad(T* row, std::int64_t quad, std::int64_t units, bool whole, Quad q) {
#pragma unroll
  for (int k = 0; k < 4; ++k) {
    const bool inside = 4 * quad + k < units;
    if (!inside) q.v[k] = 0.0F;
    if (!whole && inside) store_element(row + 4 * quad + k, q.v[k]);
  }
  if (whole) store_whole(row, quad, q);
}

}  // namespace slalom::cuda
