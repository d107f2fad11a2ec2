// SPDX-License-Identifier: Apache-2.0
// The matrix products of a network's training step, compiled for several instruction sets.
#pragma once

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

/// C[m, n] = finish(A[m, k] B[k, n]). B lies in panels of ProductKernels::panel columns: panel after panel, each
/// [k, panel] row-major, zero beyond column n. Every element of C is one chain of multiply-adds in the order of k,
/// whatever m, n and the panels that are asked for.
struct Product {
  std::int64_t m = 0, n = 0, k = 0;
  const float* a = nullptr;  ///< A[i, p] = a[i * a_row + p * a_step]; or in tiles, see pack_left
  std::int64_t a_row = 0, a_step = 1;
  bool a_in_tiles = false;
  const float* panels = nullptr;
  float* c = nullptr;  ///< C[i, j] = c[i * c_row + j]
  std::int64_t c_row = 0;
  std::int64_t c_width = 0;  ///< columns of C that may be written, at least n; those beyond n get finish(0)
  Finish finish = Finish::kStore;
  const float* operand = nullptr;  ///< readable wherever C may be written; its row stride (0 for a bias):
  std::int64_t operand_row = 0;
};

/// Panels [first, last) of C. Returns false if a sum was not finite; always true unless finish is kStore.
using ProductPass = bool (*)(const Product&, std::int64_t first, std::int64_t last);

/// One panel of B from rows of `columns` (at most a panel) floats that are `row` floats apart.
using PackPass = void (*)(const float* from, std::int64_t row, std::int64_t k, std::int64_t columns, float* panel);

/// A [m, k] given transposed, A[i, p] = from[p * row + i], in tiles of ProductKernels::tile rows: tile after tile, each
/// [k, tile] row-major; what lies beyond row m is not set.
using PackLeftPass = void (*)(const float* from, std::int64_t row, std::int64_t k, std::int64_t m, float* tiles);

struct ProductKernels {
  std::int64_t panel = 0;  ///< columns of a panel
  std::int64_t tile = 0;   ///< rows of a tile of A
  ProductPass multiply = nullptr;
  PackPass pack = nullptr;             ///< B[p, j] = from[p * row + j]
  PackPass pack_transposed = nullptr;  ///< B[p, j] = from[j * row + p]
  PackLeftPass pack_left = nullptr;
};

extern const ProductKernels kProductBaseline;  ///< sums may be rounded after the multiplication
extern const ProductKernels kProductAvx2;      ///< x86 with AVX2 and FMA only
extern const ProductKernels kProductAvx512;    ///< x86 only; the same bits as kProductAvx2

/// Floats that the panels of a [k, n] matrix take.
[[nodiscard]] constexpr std::int64_t packed_floats(const ProductKernels& kernels, std::int64_t k, std::int64_t n) {
  return core::round_up(n, kernels.panel) * k;
}

}  // namespace slalom::cpu
