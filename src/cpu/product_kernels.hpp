// SPDX-License-Identifier: Apache-2.0
// The matrix products of a network's training step, compiled for several instruction sets.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/rounding.hpp"

namespace slalom::cpu {

/// What happens to the sums of a product before they are stored.
enum class Finish {
  kStore,
  kAddBias,         ///< + operand[j]
  kAddBiasAndRelu,  ///< the positive part of that; NaN stays NaN
  kScale,           ///< * operand[i, j]
  kGate,            ///< * (operand[i, j] > 0 ? 1 : 0): back through relu, whose result is the operand
};

/// C[m, n] = finish(A[m, k] B[k, n]). B lies in panels of ProductKernels::panel columns, packed by its functions,
/// or as it is. Every element of C is the same sum in the same order, whatever m, n and the panels that are asked for.
struct Product {
  std::int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;  ///< A[i, p] = a[i * a_row + p * a_step]; or in tiles, packed
  std::int64_t a_row = 0, a_step = 1;
  bool a_in_tiles = false;
  const float* panels = nullptr;
  std::int64_t b_row = 0;  ///< if not 0: B[p, j] = panels[p * b_row + j], readable for whole panels
  float* c = nullptr;      ///< C[i, j] = c[i * c_row + j]
  std::int64_t c_row = 0;
  std::int64_t c_width = 0;  ///< columns of C that may be written, at least n; those beyond n are nobody's
  Finish finish = Finish::kStore;
  const float* operand = nullptr;  ///< readable for whole panels of C; its row stride (0 for a bias):
  std::int64_t operand_row = 0;
};

/// Panels [first, last) of C. Returns false if a sum was not finite; always true unless finish is kStore.
using ProductPass = bool (*)(const Product&, std::int64_t first, std::int64_t last);

/// One panel of B from rows of `columns` (at most a panel) floats that are `row` floats apart.
using PackPass = void (*)(const float* from, std::int64_t row, std::int64_t k, std::int64_t columns, float* panel);

/// A [m, k] in tiles of ProductKernels::tile rows, from rows that are `row` floats apart.
using PackLeftPass = void (*)(const float* from, std::int64_t row, std::int64_t k, std::int64_t m, float* tiles);

/// One panel of B, columns [column, column + columns) of k rows.
using PackRowsPass = void (*)(const float* const* rows, std::int64_t column, std::int64_t k, std::int64_t columns,
                              float* panel);

/// A [m, k] in tiles from m rows.
using PackLeftRowsPass = void (*)(const float* const* rows, std::int64_t k, std::int64_t m, float* tiles);

/// How matrices are packed is known to the functions alone; others know how much room a panel or a tile takes.
struct ProductKernels {
  std::int64_t panel = 0;       ///< columns of a panel
  std::int64_t tile = 0;        ///< rows of a tile of A
  std::int64_t depth = 1;       ///< packed matrices have room for a multiple of this in depth,
  std::int64_t bytes = 4;       ///< and a number takes as many bytes in them
  std::int64_t most_rows = 0;   ///< of a block of A, which stays in L2 while panels go by; whole tiles
  std::int64_t most_bytes = 0;  ///< of such a block, unless a tile has more
  ProductPass multiply = nullptr;
  bool reads_right = false;                     ///< products read B as it lies, too: Product::b_row
  PackPass pack = nullptr;                      ///< B[p, j] = from[p * row + j]
  PackPass pack_transposed = nullptr;           ///< B[p, j] = from[j * row + p]
  PackLeftPass pack_left = nullptr;             ///< A[i, p] = from[i * row + p]; null: products read A as it lies
  PackLeftPass pack_left_transposed = nullptr;  ///< A[i, p] = from[p * row + i]
  PackRowsPass pack_rows = nullptr;             ///< B[p, j] = rows[p][column + j]; null: only rows at even distances
  PackLeftRowsPass pack_left_rows = nullptr;    ///< A[i, p] = rows[i][p]; null likewise

  /// Floats that a panel of B [k, n] takes.
  [[nodiscard]] constexpr std::int64_t panel_floats(std::int64_t k) const { return panel * packed_depth(k); }
  /// Floats that a tile of A [m, k] takes.
  [[nodiscard]] constexpr std::int64_t tile_floats(std::int64_t k) const { return tile * packed_depth(k); }
  /// Floats that all panels of B [k, n] take.
  [[nodiscard]] constexpr std::int64_t panels_floats(std::int64_t k, std::int64_t n) const {
    return core::ceil_div(n, panel) * panel_floats(k);
  }
  /// Floats that all tiles of A [m, k] take.
  [[nodiscard]] constexpr std::int64_t tiles_floats(std::int64_t m, std::int64_t k) const {
    return core::ceil_div(m, tile) * tile_floats(k);
  }
  /// Rows of a block of A [m, k]: whole tiles, about the same for all blocks, so that threads share them evenly.
  [[nodiscard]] constexpr std::int64_t block_rows(std::int64_t m, std::int64_t k) const {
    const std::int64_t tiles = std::clamp<std::int64_t>(most_bytes / (4 * tile_floats(k)), 1, most_rows / tile);
    return core::round_up(core::ceil_div(m, core::ceil_div(m, tiles * tile)), tile);
  }
  /// Floats that the tiles of a block take at most, of any A with at most m rows and at most k columns. (block_rows itself
  /// may be more for fewer rows.)
  [[nodiscard]] constexpr std::int64_t most_block_floats(std::int64_t m, std::int64_t k) const {
    const std::int64_t wanted = std::min(most_bytes / 4, most_rows / tile * tile_floats(k));
    return std::min(std::max(tile_floats(k), wanted), tiles_floats(m, k));
  }

 private:
  [[nodiscard]] constexpr std::int64_t packed_depth(std::int64_t k) const {
    return core::round_up(k, depth) * bytes / 4;
  }
};

extern const ProductKernels kProductBaseline;  ///< sums may be rounded after the multiplication
extern const ProductKernels kProductAvx2;      ///< x86 with AVX2 and FMA only
extern const ProductKernels kProductAvx512;    ///< x86 only; the same bits as kProductAvx2
extern const ProductKernels kProductAmx;       ///< x86 with AMX only, see kernels/product_amx.cpp; other bits

}  // namespace slalom::cpu
