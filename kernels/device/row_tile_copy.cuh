// SPDX-License-Identifier: Apache-2.0
// Copies a slice of some rows to a tile in shared memory.
#pragma once

#include "device/async_copy.cuh"
#include "device/lanes.cuh"
#include "linear_tiles.cuh"

namespace slalom::cuda {

/// Lanes that share a row of `pieces` 16-byte pieces: a power of two.
[[nodiscard]] __device__ inline int tile_lanes(int pieces) {
  int lanes = 1;
  while (lanes < pieces && lanes < kWarp) lanes *= 2;
  return lanes;
}

struct TileCopy {
  const float* x;
  const std::uint32_t* rows;
  std::int64_t first;  ///< in the visiting order
  int count;
  int stride;
  int first_piece, pieces, pitch;
  float4* to;  ///< [count, pitch]
};

/// Requests the tile, row by row by the groups of lanes of all warps.
__device__ inline void copy_tile(const TileCopy& c, int warp, int lane) {
  const int lanes = tile_lanes(c.pieces);
  const int groups = kWarp / lanes;
  for (int i = warp * groups + lane / lanes; i < c.count; i += kTileWarps * groups) {
    const std::int64_t position = c.first + i;
    const std::int64_t row = c.rows == nullptr ? position : static_cast<std::int64_t>(c.rows[position]);
    const float* from = c.x + row * c.stride + 4 * c.first_piece;
    const unsigned to = shared_address(c.to + i * c.pitch);
    for (int piece = lane % lanes; piece < c.pieces; piece += lanes) {
      if (c.stride >= 4) {
        copy_async<16>(to + static_cast<unsigned>(piece) * 16U, from + 4 * piece, true);
      } else {  // one piece that is not full
        copy_async<4>(to, from, true);
        copy_async<4>(to + 4U, from + c.stride - 1, c.stride == 2);
        copy_async<8>(to + 8U, c.x, false);
      }
    }
  }
}

}  // namespace slalom::cuda
