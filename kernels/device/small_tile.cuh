// SPDX-License-Identifier: Apache-2.0
// Matrix products in shared memory by 4 x 4 register tiles: the three products of a dense layer.
#pragma once

#include <cstdint>

#include "device/lanes.cuh"

namespace slalom::cuda {

/// Four consecutive floats of shared memory, 16-byte aligned.
__device__ inline float4 quad_at(const float* from) { return *reinterpret_cast<const float4*>(from); }

/// How a product of rows x cols tiles, each `depth` long sums, is spread over threads: neighbouring lanes share a tile,
/// each taking a part of its sums, if there are fewer tiles than threads; tiles of a warp form a rectangle of up to
/// 8 x 4, so that few different values serve all its lanes.
class TileMap {
 public:
  __device__ TileMap(int rows, int cols, int depth, int threads) : rows_(rows), cols_(cols), depth_(depth) {
    row_bits_ = rows > 4 ? 3 : (rows > 2 ? 2 : rows - 1);
    col_bits_ = cols > 2 ? 2 : cols - 1;
    col_bands_ = (cols + (1 << col_bits_) - 1) >> col_bits_;
    const int row_bands = (rows + (1 << row_bits_) - 1) >> row_bits_;
    tiles_ = (row_bands * col_bands_) << (row_bits_ + col_bits_);
    part_bits_ = 0;
    while (part_bits_ < 5 && (2 << part_bits_) <= depth && tiles_ << (part_bits_ + 1) <= threads) ++part_bits_;
    part_depth_ = (depth + parts() - 1) >> part_bits_;
  }
  /// Lanes that share a tile: a power of two.
  [[nodiscard]] __device__ int parts() const { return 1 << part_bits_; }
  /// Work items, a multiple of the warp.
  [[nodiscard]] __device__ int items() const { return ((tiles_ << part_bits_) + kWarp - 1) / kWarp * kWarp; }

  struct Item {
    int row = 0, col = 0, part = 0;
    int begin = 0, end = 0;  ///< of the part, in the sums
    bool there = false;      ///< else row and col are those of another tile, whose sums nobody may store twice
  };
  [[nodiscard]] __device__ Item item(int index) const {
    Item item;
    item.part = index & (parts() - 1);
    item.begin = min(item.part * part_depth_, depth_);
    item.end = min(item.begin + part_depth_, depth_);
    int rest = index >> part_bits_;
    item.there = rest < tiles_;
    rest = item.there ? rest : 0;
    // Bits from the lowest: one of the column, two of the row, one of the column, one of the row. Pairs and fours of
    // lanes then read the same addresses, which halves the passes of a 16-byte load.
    const auto take = [&rest](int bits) {
      const int taken = rest & ((1 << bits) - 1);
      rest >>= bits;
      return taken;
    };
    const int low_col = take(col_bits_ > 0 ? 1 : 0);
    const int low_row = take(row_bits_ > 2 ? 2 : row_bits_);
    const int high_col = take(col_bits_ > 1 ? 1 : 0);
    const int high_row = take(row_bits_ > 2 ? 1 : 0);
    const int row_band = rest / col_bands_;
    const int col_band = rest - row_band * col_bands_;
    item.row = (row_band << row_bits_) + low_row + 4 * high_row;
    item.col = (col_band << col_bits_) + low_col + 2 * high_col;
    item.there = item.there && item.row < rows_ && item.col < cols_;
    item.row = item.row < rows_ ? item.row : rows_ - 1;
    item.col = item.col < cols_ ? item.col : cols_ - 1;
    return item;
  }

 private:
  int rows_, cols_, depth_, row_bits_, col_bits_, col_bands_, tiles_, part_bits_, part_depth_;
};

/// Which rows of its tile a lane holds after combine_parts().
struct TileRows {
  int first = 0, count = 4;
  bool owner = true;  ///< else another lane holds the same
};

/// Adds the parts of a tile's sums, always in the same order, and deals its rows out to the lanes that shared it: the
/// rows first, first + 1, ... are then sums[0..3], sums[4..7], ...
__device__ inline TileRows combine_parts(float (&sums)[16], int part, int parts) {
  TileRows held;
  int reach = parts / 2;
  if (reach > 0) {
    const bool upper = (part & reach) != 0;
    exchange_halves<8>(sums, upper, reach);
    held = {.first = upper ? 2 : 0, .count = 2};
    reach /= 2;
  }
  if (reach > 0) {
    const bool upper = (part & reach) != 0;
    exchange_halves<4>(sums, upper, reach);
    held = {.first = held.first + (upper ? 1 : 0), .count = 1};
    reach /= 2;
  }
  for (; reach > 0; reach /= 2) {
    held.owner = held.owner && (part & reach) == 0;
#pragma unroll
    for (int i = 0; i < 4; ++i) sums[i] += __shfl_xor_sync(kAllLanes, sums[i], reach);
  }
  return held;
}

/// A matrix in shared memory: row-major, a row every `pitch` floats, a multiple of 4.
struct SharedMatrix {
  float* data;
  int pitch;
  [[nodiscard]] __device__ float* row(int i) const { return data + i * pitch; }
};

/// sums[r][c] += a[r] * b[c] for four components at once.
__device__ inline void add_products(float (&sums)[16], const float4 (&a)[4], const float4 (&b)[4]) {
#pragma unroll
  for (int component = 0; component < 4; ++component) {
#pragma unroll
    for (int r = 0; r < 4; ++r) {
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        const float x = component == 0 ? a[r].x : (component == 1 ? a[r].y : (component == 2 ? a[r].z : a[r].w));
        const float y = component == 0 ? b[c].x : (component == 1 ? b[c].y : (component == 2 ? b[c].z : b[c].w));
        sums[r * 4 + c] = fmaf(x, y, sums[r * 4 + c]);
      }
    }
  }
}

/// sums[r][.] += a[r] * (row quad).
__device__ inline void add_scaled(float (&sums)[16], int r, float a, const float4& b) {
  sums[r * 4 + 0] = fmaf(a, b.x, sums[r * 4 + 0]);
  sums[r * 4 + 1] = fmaf(a, b.y, sums[r * 4 + 1]);
  sums[r * 4 + 2] = fmaf(a, b.z, sums[r * 4 + 2]);
  sums[r * 4 + 3] = fmaf(a, b.w, sums[r * 4 + 3]);
}

// Operands of the three products have rows for whole tiles: X and D stale ones, whose sums are not stored, W zeros.

/// Z = X W^T + bias (null: none). Calls store(row, unit, z) once for every row < n_rows and unit < n_units. A thread's
/// rows, and its units, are a quarter of the matrix apart, so that the lanes of a warp read neighbouring rows.
template <class Store>
__device__ void multiply_forward(const SharedMatrix& x, int n_rows, const SharedMatrix& w, const float* bias,
                                 int n_units, int in_quads, int tid, int threads, Store&& store) {
  const int row_step = (n_rows + 3) / 4;
  const int unit_step = (n_units + 3) / 4;
  const TileMap map(row_step, unit_step, in_quads, threads);
  for (int index = tid; index < map.items(); index += threads) {
    const TileMap::Item item = map.item(index);
    const float* x_row[4];
    const float* w_row[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      x_row[i] = x.row(item.row + i * row_step) + 4 * item.begin;
      w_row[i] = w.row(item.col + i * unit_step) + 4 * item.begin;
    }
    float sums[16] = {};
#pragma unroll 4
    for (int k = item.begin; k < item.end; ++k) {
      float4 a[4], b[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        a[i] = quad_at(x_row[i]);
        b[i] = quad_at(w_row[i]);
        x_row[i] += 4;
        w_row[i] += 4;
      }
      add_products(sums, a, b);
    }
    const TileRows held = combine_parts(sums, item.part, map.parts());
    if (!item.there || !held.owner) continue;
    float shift[4] = {};
    if (bias != nullptr) {
#pragma unroll
      for (int c = 0; c < 4; ++c) shift[c] = bias[min(item.col + c * unit_step, n_units - 1)];
    }
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int row = item.row + (held.first + r) * row_step;
      if (r >= held.count || row >= n_rows) continue;
#pragma unroll
      for (int c = 0; c < 4; ++c) {
        const int unit = item.col + c * unit_step;
        if (unit < n_units) store(row, unit, sums[r * 4 + c] + shift[c]);
      }
    }
  }
}

/// B = D W. Calls store(row, quad, sum) once for every row < n_rows and quad of the n_inputs columns of W.
template <class Store>
__device__ void multiply_backward(const SharedMatrix& d, int n_rows, const SharedMatrix& w, int n_units, int in_quads,
                                  int tid, int threads, Store&& store) {
  const int row_step = (n_rows + 3) / 4;
  const int unit_quads = (n_units + 3) / 4;
  const TileMap map(row_step, in_quads, unit_quads, threads);
  for (int index = tid; index < map.items(); index += threads) {
    const TileMap::Item item = map.item(index);
    const float* d_row[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) d_row[i] = d.row(item.row + i * row_step) + 4 * item.begin;
    const float* w_quad = w.row(4 * item.begin) + 4 * item.col;
    float sums[16] = {};
#pragma unroll 4
    for (int k = item.begin; k < item.end; ++k) {
      float4 a[4], b[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        a[i] = quad_at(d_row[i]);
        b[i] = quad_at(w_quad);
        d_row[i] += 4;
        w_quad += w.pitch;
      }
#pragma unroll
      for (int r = 0; r < 4; ++r) {
        add_scaled(sums, r, a[r].x, b[0]);
        add_scaled(sums, r, a[r].y, b[1]);
        add_scaled(sums, r, a[r].z, b[2]);
        add_scaled(sums, r, a[r].w, b[3]);
      }
    }
    const TileRows held = combine_parts(sums, item.part, map.parts());
    if (!item.there || !held.owner) continue;
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int row = item.row + (held.first + r) * row_step;
      if (r < held.count && row < n_rows) {
        store(row, item.col, make_float4(sums[r * 4], sums[r * 4 + 1], sums[r * 4 + 2], sums[r * 4 + 3]));
      }
    }
  }
}

/// G = D^T X. Calls store(unit, quad, sum) once for every unit < n_units and quad of the columns of X.
template <class Store>
__device__ void multiply_gradient(const SharedMatrix& d, int n_rows, const SharedMatrix& x, int n_units, int in_quads,
                                  int tid, int threads, Store&& store) {
  const TileMap map((n_units + 3) / 4, in_quads, n_rows, threads);
  const int d_step = map.parts() * d.pitch;
  const int x_step = map.parts() * x.pitch;
  for (int index = tid; index < map.items(); index += threads) {
    const TileMap::Item item = map.item(index);
    const float* d_quad = d.row(item.part) + 4 * item.row;
    const float* x_quad = x.row(item.part) + 4 * item.col;
    float sums[16] = {};
#pragma unroll 4
    for (int row = item.part; row < n_rows; row += map.parts()) {  // neighbouring rows: no bank conflicts
      const float4 a = quad_at(d_quad);
      const float4 b = quad_at(x_quad);
      d_quad += d_step;
      x_quad += x_step;
      add_scaled(sums, 0, a.x, b);
      add_scaled(sums, 1, a.y, b);
      add_scaled(sums, 2, a.z, b);
      add_scaled(sums, 3, a.w, b);
    }
    const TileRows held = combine_parts(sums, item.part, map.parts());
    if (!item.there || !held.owner) continue;
#pragma unroll
    for (int r = 0; r < 4; ++r) {
      const int unit = 4 * item.row + held.first + r;
      if (r < held.count && unit < n_units) {
        store(unit, item.col, make_float4(sums[r * 4], sums[r * 4 + 1], sums[r * 4 + 2], sums[r * 4 + 3]));
      }
    }
  }
}

}  // namespace slalom::cuda
