// SPDX-License-Identifier: Apache-2.0
// Matrix products. The inner loop keeps a tile of kTileRows x 2 vectors of C in registers: for every p it loads two
// vectors of B, and multiplies and adds them for each of the tile's rows of A. A piece of a panel of kDepth rows stays
// in L1 while all rows of A go by. Bound by multiply-adds. Compiled with contraction: a * b + c is one rounding where
// the processor has such an instruction.
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "cpu/kernels/product_finish.hpp"

namespace slalom::cpu {
namespace {

/// Rows of a tile: as many as leave registers for two vectors of B and an element of A.
#if SLALOM_VECTOR_WIDTH == 16
constexpr std::int64_t kTileRows = 12;
#elif defined(__AVX2__)
constexpr std::int64_t kTileRows = 6;
#else
constexpr std::int64_t kTileRows = 4;
#endif
constexpr std::int64_t kDepth = 128;      ///< rows of a panel's piece: 16 KiB at most
constexpr std::int64_t kBlockRows = 144;  ///< whole tiles in every case

/// Products of rows [0, kRows) of A with a piece of a panel, whose rows are `b_row` floats apart, added to `sums`.
template <int kRows, int kVectors>
[[gnu::always_inline]] inline void add_products(const Product& p, const float* a, const float* b, std::int64_t b_row,
                                                std::int64_t depth, Sums<kRows, kVectors>& sums) {
  const std::int64_t row = p.a_in_tiles ? 1 : p.a_row;
  const std::int64_t step = p.a_in_tiles ? kTileRows : p.a_step;
  for (std::int64_t i = 0; i < depth; ++i) {
    Register right[kVectors];
    unroll(
        std::make_index_sequence<kVectors>(), [&](std::size_t v) __attribute__((always_inline)) {
          right[v] = load<Register>(b + static_cast<std::int64_t>(v) * kRegister);
        });
    unroll(
        std::make_index_sequence<kRows>(), [&](std::size_t r) __attribute__((always_inline)) {
          const float left = a[static_cast<std::int64_t>(r) * row];
          unroll(
              std::make_index_sequence<kVectors>(), [&](std::size_t v) __attribute__((always_inline)) {
                sums.at[r][v] += left * right[v];
              });
        });
    a += step;
    b += b_row;
  }
}

/// One tile of C and one piece of the depth. Adds to `bad` what finish_tile returns.
template <int kRows, int kVectors>
[[gnu::noinline]] void tile(const Product& p, const float* a, const float* b, std::int64_t depth, const Place& to,
                            bool first, bool last, Register& bad) {
  Sums<kRows, kVectors> sums{};
  if (!first) {
    for_each_vector<kRows, kVectors>([&](std::size_t r, std::size_t v) __attribute__((always_inline)) {
      sums.at[r][v] =
          load<Register>(to.c + static_cast<std::int64_t>(r) * to.c_row + static_cast<std::int64_t>(v) * kRegister);
    });
  }
  if (p.b_row == 0) {  // a constant makes shorter code: AVX2 3 % faster
    add_products(p, a, b, kPanel, depth, sums);
  } else {
    add_products(p, a, b, p.b_row, depth, sums);
  }
  if (last) {
    bad += finish_tile(p, to, sums);
  } else {
    for_each_vector<kRows, kVectors>([&](std::size_t r, std::size_t v) __attribute__((always_inline)) {
      store(to.c + static_cast<std::int64_t>(r) * to.c_row + static_cast<std::int64_t>(v) * kRegister, sums.at[r][v]);
    });
  }
}

using Tile = void (*)(const Product&, const float*, const float*, std::int64_t, const Place&, bool, bool, Register&);

template <int kVectors, int... kRows>
constexpr Tile tile_of(std::int64_t rows, std::integer_sequence<int, kRows...>) {
  constexpr Tile kTiles[] = {tile<kRows + 1, kVectors>...};
  return kTiles[rows - 1];
}

/// A piece of one panel with all rows of A. `columns`: those of C that may be written.
[[gnu::noinline]] void piece(const Product& p, const float* b, std::int64_t from, std::int64_t depth,
                             std::int64_t column, std::int64_t columns, Register& bad) {
  constexpr auto kAllRows = std::make_integer_sequence<int, kTileRows>();
  const bool narrow = columns <= kRegister;
  const std::int64_t written = narrow ? kRegister : kPanel;
  const bool first = from == 0;
  const bool last = from + depth == p.k;
  for (std::int64_t i = 0; i < p.m; i += kTileRows) {
    const std::int64_t rows = p.m - i < kTileRows ? p.m - i : kTileRows;
    const Tile run = narrow ? tile_of<1>(rows, kAllRows) : tile_of<2>(rows, kAllRows);
    const float* a = p.a_in_tiles ? p.a + i * p.k + from * kTileRows : p.a + i * p.a_row + from * p.a_step;
    float* c = p.c + i * p.c_row + column;
    const float* operand = p.operand == nullptr ? nullptr : p.operand + i * p.operand_row + column;
    if (columns >= written) {
      run(p, a, b, depth, {c, p.c_row, operand}, first, last, bad);
      continue;
    }
    float rest[kTileRows * kPanel];  // whole vectors, of which C takes what it has room for
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t j = 0; j < columns; ++j) rest[r * kPanel + j] = first ? 0.0F : c[r * p.c_row + j];
      for (std::int64_t j = columns; j < written; ++j) rest[r * kPanel + j] = 0.0F;
    }
    run(p, a, b, depth, {rest, kPanel, operand}, first, last, bad);
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t j = 0; j < columns; ++j) c[r * p.c_row + j] = rest[r * kPanel + j];
    }
  }
}

bool multiply(const Product& p, std::int64_t first, std::int64_t last) {
  Register bad{};
  const std::int64_t pieces = (p.k + kDepth - 1) / kDepth;
  const std::int64_t even = (p.k + pieces - 1) / pieces;  // pieces of about the same depth
  for (std::int64_t panel = first; panel < last; ++panel) {
    const std::int64_t columns = columns_of(p, panel);
    const bool as_it_lies = p.b_row != 0;
    const float* b = p.panels + panel * kPanel * (as_it_lies ? 1 : p.k);
    const std::int64_t b_row = as_it_lies ? p.b_row : kPanel;
    for (std::int64_t from = 0; from < p.k; from += even) {
      const std::int64_t depth = p.k - from < even ? p.k - from : even;
      piece(p, b + from * b_row, from, depth, panel * kPanel, columns, bad);
    }
  }
  return all_zero(bad);
}

void pack(const float* from, std::int64_t row, std::int64_t k, std::int64_t columns, float* panel) {
  if (columns == kPanel) {
    for (std::int64_t p = 0; p < k; ++p) {
      store(panel + p * kPanel, load<Register>(from + p * row));
      store(panel + p * kPanel + kRegister, load<Register>(from + p * row + kRegister));
    }
    return;
  }
  for (std::int64_t p = 0; p < k; ++p) {
    for (std::int64_t j = 0; j < columns; ++j) panel[p * kPanel + j] = from[p * row + j];
    for (std::int64_t j = columns; j < kPanel; ++j) panel[p * kPanel + j] = 0.0F;
  }
}

void pack_left_transposed(const float* from, std::int64_t row, std::int64_t k, std::int64_t m, float* tiles) {
  for (std::int64_t i = 0; i < m; i += kTileRows) {
    const std::int64_t rows = m - i < kTileRows ? m - i : kTileRows;
    float* tile = tiles + i * k;
    if (rows == kTileRows) {
      for (std::int64_t p = 0; p < k; ++p)
        std::memcpy(tile + p * kTileRows, from + p * row + i, sizeof(float) * kTileRows);
    } else {
      for (std::int64_t p = 0; p < k; ++p) {
        for (std::int64_t r = 0; r < rows; ++r) tile[p * kTileRows + r] = from[p * row + i + r];
      }
    }
  }
}

/// Eight rows of eight floats, transposed in registers.
[[gnu::always_inline]] inline void transpose8(const float* from, std::int64_t row, float* into, std::int64_t into_row) {
  Floats8 r[8];
  Floats8 s[8];
  Floats8 t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = load<Floats8>(from + i * row);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2) {
    s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
    s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
  }
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t at = i / 2 * 4 + i % 2;
    t[i * 2] = __builtin_shufflevector(s[at], s[at + 2], 0, 1, 8, 9, 4, 5, 12, 13);
    t[i * 2 + 1] = __builtin_shufflevector(s[at], s[at + 2], 2, 3, 10, 11, 6, 7, 14, 15);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    store(into + i * into_row, __builtin_shufflevector(t[i], t[i + 4], 0, 1, 2, 3, 8, 9, 10, 11));
    store(into + (i + 4) * into_row, __builtin_shufflevector(t[i], t[i + 4], 4, 5, 6, 7, 12, 13, 14, 15));
  }
}

/// Columns [j, j + kWidth) of a panel, kWidth a multiple of 8. As many rows at a time: then what is read and written of a
/// cache line is so at once, however far apart rows are.
template <std::int64_t kWidth>
[[gnu::always_inline]] inline void pack_columns(const float* from, std::int64_t row, std::int64_t k, float* panel) {
  std::int64_t p = 0;
  for (; p + kWidth <= k; p += kWidth) {
    for (std::int64_t j = 0; j < kWidth; j += 8) {
      for (std::int64_t i = 0; i < kWidth; i += 8)
        transpose8(from + j * row + p + i, row, panel + (p + i) * kPanel + j, kPanel);
    }
  }
  for (; p < k; ++p) {
    for (std::int64_t j = 0; j < kWidth; ++j) panel[p * kPanel + j] = from[j * row + p];
  }
}

void pack_transposed(const float* from, std::int64_t row, std::int64_t k, std::int64_t columns, float* panel) {
  std::int64_t j = 0;
  for (; j + 16 <= columns; j += 16) pack_columns<16>(from + j * row, row, k, panel + j);
  for (; j + 8 <= columns; j += 8) pack_columns<8>(from + j * row, row, k, panel + j);
  if (j == kPanel) return;
  for (std::int64_t p = 0; p < k; ++p) {
    for (std::int64_t i = j; i < columns; ++i) panel[p * kPanel + i] = from[i * row + p];
    for (std::int64_t i = columns; i < kPanel; ++i) panel[p * kPanel + i] = 0.0F;
  }
}

constexpr ProductKernels kProductKernels{.panel = kPanel,
                                         .tile = kTileRows,
                                         .most_rows = kBlockRows,
                                         .most_bytes = std::int64_t{1} << 40,
                                         .multiply = multiply,
                                         .reads_right = true,
                                         .pack = pack,
                                         .pack_transposed = pack_transposed,
                                         .pack_left_transposed = pack_left_transposed};

}  // namespace
}  // namespace slalom::cpu
