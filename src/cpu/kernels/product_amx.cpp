// SPDX-License-Identifier: Apache-2.0
// Matrix products of float32 on the tile registers of AMX, which multiply bfloat16 numbers and add in float32. Every
// number is the sum of three bfloat16 numbers, a = h + m + l (split_parts.hpp), and a product of two is six of their nine:
//
//   a b = h h' + (h m' + m h') + (h l' + m m' + l h')   and what is left out is at most 2^-22 |a b|
//
// so a sum has the accuracy of a chain of float32 multiply-adds (Henry, Tang and Heinecke 2019, "Leveraging the bfloat16
// artificial intelligence datatype for higher-precision computations"). Six times the multiplications, at 16 times the
// speed of AVX-512.
//
// A tile of A and a panel of B are 32 wide: two tile registers each, four of sums. For 32 numbers of depth, called a slab,
// 24 multiplications take 14 loads. A block of A stays in L2 while panels go by; bound by what L2 delivers.
#include <cstring>

#include "cpu/kernels/product_finish.hpp"
#include "cpu/kernels/split_parts.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kSide = 2 * kTileSide;          ///< rows of a tile of A, columns of a panel of B
constexpr std::int64_t kPartHalves = 2 * kTileHalves;  ///< a part of a slab: two tile registers
constexpr std::int64_t kSlabHalves = kSplitParts * kPartHalves;
constexpr std::int64_t kPieceSlabs = 32;  ///< depth 1024 at a time: then a panel is 192 KiB
constexpr std::int64_t kChunkTiles = 8;   ///< tiles of A between whose pieces sums are kept
static_assert(kSide == kPanel);

/// Slabs of a depth of k; the last may be short.
[[gnu::always_inline]] inline std::int64_t slabs_of(std::int64_t k) { return (k + kTileDepth - 1) / kTileDepth; }

/// What ldtilecfg reads: eight registers of 16 rows of 64 bytes.
struct alignas(64) TileConfiguration {
  std::uint8_t palette = 1, start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
constexpr TileConfiguration kConfiguration;

/// The tile registers while a product is computed.
class TileRegisters {
 public:
  TileRegisters() { _tile_loadconfig(&kConfiguration); }
  ~TileRegisters() { _tile_release(); }
  TileRegisters(const TileRegisters&) = delete;
  TileRegisters& operator=(const TileRegisters&) = delete;
};

// Registers 0 to 3: sums, [rows of A, columns of B]; 4, 5: A; 6, 7: B. kRows and kColumns: how many of two are used.

template <int kRows, int kColumns>
[[gnu::always_inline]] inline void load_sums(const float* sums) {
  constexpr std::int64_t kRow = kSide * sizeof(float);
  _tile_loadd(0, sums, kRow);
  if constexpr (kColumns == 2) _tile_loadd(1, sums + kTileSide, kRow);
  if constexpr (kRows == 2) _tile_loadd(2, sums + kTileSide * kSide, kRow);
  if constexpr (kRows == 2 && kColumns == 2) _tile_loadd(3, sums + kTileSide * kSide + kTileSide, kRow);
}

template <int kRows, int kColumns>
[[gnu::always_inline]] inline void store_sums(float* sums) {
  constexpr std::int64_t kRow = kSide * sizeof(float);
  _tile_stored(0, sums, kRow);
  if constexpr (kColumns == 2) _tile_stored(1, sums + kTileSide, kRow);
  if constexpr (kRows == 2) _tile_stored(2, sums + kTileSide * kSide, kRow);
  if constexpr (kRows == 2 && kColumns == 2) _tile_stored(3, sums + kTileSide * kSide + kTileSide, kRow);
}

template <int kRows>
[[gnu::always_inline]] inline void load_left(const Half* slab, std::int64_t part) {
  _tile_loadd(4, slab + part * kPartHalves, 64);
  if constexpr (kRows == 2) _tile_loadd(5, slab + part * kPartHalves + kTileHalves, 64);
}

template <int kColumns>
[[gnu::always_inline]] inline void load_right(const Half* slab, std::int64_t part) {
  _tile_loadd(6, slab + part * kPartHalves, 64);
  if constexpr (kColumns == 2) _tile_loadd(7, slab + part * kPartHalves + kTileHalves, 64);
}

template <int kRows, int kColumns>
[[gnu::always_inline]] inline void add_products_of_parts() {
  _tile_dpbf16ps(0, 4, 6);
  if constexpr (kColumns == 2) _tile_dpbf16ps(1, 4, 7);
  if constexpr (kRows == 2) _tile_dpbf16ps(2, 5, 6);
  if constexpr (kRows == 2 && kColumns == 2) _tile_dpbf16ps(3, 5, 7);
}

/// `slabs` slabs of a tile of A and of a panel. From one product of parts to the next only one side is loaded anew.
template <int kRows, int kColumns>
[[gnu::noinline]] void add_slabs(const Half* a, const Half* b, std::int64_t slabs, float* sums, bool first) noexcept {
  if (first) {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  } else {
    load_sums<kRows, kColumns>(sums);
  }
  enum : std::int64_t { kHigh, kMiddle, kLow };
  for (std::int64_t s = 0; s < slabs; ++s, a += kSlabHalves, b += kSlabHalves) {
    load_left<kRows>(a, kLow);
    load_right<kColumns>(b, kHigh);
    add_products_of_parts<kRows, kColumns>();
    load_left<kRows>(a, kMiddle);
    add_products_of_parts<kRows, kColumns>();
    load_right<kColumns>(b, kMiddle);
    add_products_of_parts<kRows, kColumns>();
    load_left<kRows>(a, kHigh);
    add_products_of_parts<kRows, kColumns>();
    load_right<kColumns>(b, kHigh);
    add_products_of_parts<kRows, kColumns>();
    load_right<kColumns>(b, kLow);
    add_products_of_parts<kRows, kColumns>();
  }
  store_sums<kRows, kColumns>(sums);
}

/// Stores `rows` rows of sums. `columns`: those of C that may be written.
[[gnu::noinline]] void finish_rows(const Product& p, const float* sums, std::int64_t row, std::int64_t rows,
                                   std::int64_t column, std::int64_t columns, Register& bad) noexcept {
  for (std::int64_t i = 0; i < rows; ++i, sums += kSide) {
    float* c = p.c + (row + i) * p.c_row + column;
    const float* operand = p.operand == nullptr ? nullptr : p.operand + (row + i) * p.operand_row + column;
    Sums<1, 1> left{{{load<Register>(sums)}}};
    if (columns == kRegister) {
      bad += finish_tile(p, {c, p.c_row, operand}, left);
      continue;
    }
    float whole[kPanel];  // of which C takes what it has room for
    const Place to = columns == kPanel ? Place{c, p.c_row, operand} : Place{whole, kPanel, operand};
    if (columns < kRegister) {
      bad += finish_tile(p, to, left);
    } else {
      Sums<1, 2> both{{{left.at[0][0], load<Register>(sums + kRegister)}}};
      bad += finish_tile(p, to, both);
    }
    if (columns == kPanel) continue;
    std::memcpy(c, whole, sizeof(float) * static_cast<std::size_t>(columns));
  }
}

/// Tiles [first_tile, last_tile) of A, at most kChunkTiles, with one panel.
void multiply_chunk(const Product& p, const Half* tiles, const Half* panel, std::int64_t first_tile,
                    std::int64_t last_tile, std::int64_t column, std::int64_t columns, Register& bad) noexcept {
  alignas(64) float sums[kChunkTiles * kSide * kSide];
  const std::int64_t slabs = slabs_of(p.k);
  const std::int64_t pieces = (slabs + kPieceSlabs - 1) / kPieceSlabs;
  const std::int64_t piece = (slabs + pieces - 1) / pieces;
  for (std::int64_t from = 0; from < slabs; from += piece) {
    const std::int64_t depth = slabs - from < piece ? slabs - from : piece;
    for (std::int64_t t = first_tile; t < last_tile; ++t) {
      const std::int64_t rows = p.m - t * kSide < kSide ? p.m - t * kSide : kSide;
      const bool narrow = columns <= kTileSide;
      const bool low = rows <= kTileSide;
      const auto run = narrow ? (low ? add_slabs<1, 1> : add_slabs<2, 1>) : (low ? add_slabs<1, 2> : add_slabs<2, 2>);
      float* tile_sums = sums + (t - first_tile) * kSide * kSide;
      run(tiles + (t * slabs + from) * kSlabHalves, panel + from * kSlabHalves, depth, tile_sums, from == 0);
      if (from + depth == slabs) finish_rows(p, tile_sums, t * kSide, rows, column, columns, bad);
    }
  }
}

bool multiply(const Product& p, std::int64_t first, std::int64_t last) {
  const TileRegisters registers;
  const auto* tiles = reinterpret_cast<const Half*>(p.a);
  const std::int64_t n_tiles = (p.m + kSide - 1) / kSide;
  const std::int64_t panel_halves = slabs_of(p.k) * kSlabHalves;
  Register bad{};
  for (std::int64_t panel = first; panel < last; ++panel) {
    const Half* b = reinterpret_cast<const Half*>(p.panels) + panel * panel_halves;
    for (std::int64_t t = 0; t < n_tiles; t += kChunkTiles) {
      multiply_chunk(p, tiles, b, t, t + kChunkTiles < n_tiles ? t + kChunkTiles : n_tiles, panel * kPanel,
                     columns_of(p, panel), bad);
    }
  }
  return all_zero(bad);
}

/// The registers of a tile of A or a panel of B, slab after slab; in a slab part after part, two registers each. In depth
/// a register has 16 pairs: pair i is i and i + 16. Calls body(first of the slab's depth, first row or column, where the
/// high part goes).
template <class Body>
[[gnu::always_inline]] inline void for_each_register(std::int64_t k, Half* packed, Body&& body) {
  for (std::int64_t slab = 0; slab < slabs_of(k); ++slab) {
    for (std::int64_t half = 0; half < 2; ++half)
      body(slab * kTileDepth, half * kTileSide, packed + slab * kSlabHalves + half * kTileHalves);
  }
}

/// Where the rows of a matrix are: at even distances,
struct EvenRows {
  const float* from;
  std::int64_t row;
  [[gnu::always_inline]] const float* operator[](std::int64_t i) const { return from + i * row; }
};
/// or anywhere.
using ScatteredRows = const float* const*;

/// A register of A from rows [first, first + 16), columns from `column` on along the depth; `n_rows` and `k` are there.
template <class Rows>
[[gnu::always_inline]] inline void pack_left_register(const Rows& rows, std::int64_t first, std::int64_t n_rows,
                                                      std::int64_t column, std::int64_t k, Half* into) {
  for (std::int64_t i = 0; i < kTileSide; ++i) {
    const bool there = first + i < n_rows;
    const float* at = rows[there ? first + i : 0] + column;
    const std::int64_t n = there ? k - column : 0;
    store_pairs(first_of(at, n), first_of(at + 16, n - 16), into + i * kTileDepth, kPartHalves);
  }
}

/// A register of B from rows [first, first + 32) across the depth, columns from `column` on; `k` and `columns` are there.
template <class Rows>
[[gnu::always_inline]] inline void pack_right_register(const Rows& rows, std::int64_t first, std::int64_t k,
                                                       std::int64_t column, std::int64_t columns, Half* into) {
  const auto line = [&](std::int64_t i) __attribute__((always_inline)) {
    const bool there = first + i < k;
    return first_of(rows[there ? first + i : 0] + column, there ? columns : 0);
  };
  for (std::int64_t i = 0; i < kTileSide; ++i) store_pairs(line(i), line(i + 16), into + i * kTileDepth, kPartHalves);
}

void pack_left_tile_transposed(const float* from, std::int64_t row, std::int64_t k, std::int64_t rows, Half* tile) {
  for_each_register(k, tile, [&](std::int64_t depth, std::int64_t first, Half* into) {
    alignas(64) float turned[kTileSide * kTileDepth];
    const float* at = from + depth * row + first;
    transpose(at, row, k - depth, rows - first, turned, kTileDepth);
    transpose(at + 16 * row, row, k - depth - 16, rows - first, turned + 16, kTileDepth);
    pack_left_register(EvenRows{turned, kTileDepth}, 0, kTileSide, 0, kTileDepth, into);
  });
}

template <class Rows>
[[gnu::always_inline]] inline void pack_panel(const Rows& rows, std::int64_t column, std::int64_t k,
                                              std::int64_t columns, float* panel) {
  for_each_register(k, reinterpret_cast<Half*>(panel), [&](std::int64_t depth, std::int64_t first, Half* into) {
    pack_right_register(rows, depth, k, column + first, columns - first, into);
  });
}

void pack(const float* from, std::int64_t row, std::int64_t k, std::int64_t columns, float* panel) {
  pack_panel(EvenRows{from, row}, 0, k, columns, panel);
}

void pack_rows(const float* const* rows, std::int64_t column, std::int64_t k, std::int64_t columns, float* panel) {
  pack_panel(ScatteredRows{rows}, column, k, columns, panel);
}

void pack_transposed(const float* from, std::int64_t row, std::int64_t k, std::int64_t columns, float* panel) {
  for_each_register(k, reinterpret_cast<Half*>(panel), [&](std::int64_t depth, std::int64_t first, Half* into) {
    alignas(64) float turned[kTileDepth * kTileSide];
    const float* at = from + first * row + depth;
    transpose(at, row, columns - first, k - depth, turned, kTileSide);
    transpose(at + 16, row, columns - first, k - depth - 16, turned + 16 * kTileSide, kTileSide);
    pack_right_register(EvenRows{turned, kTileSide}, 0, kTileDepth, 0, kTileSide, into);
  });
}

template <class PackTile>
[[gnu::always_inline]] inline void for_each_tile(std::int64_t k, std::int64_t m, float* tiles, PackTile&& pack_tile) {
  auto* into = reinterpret_cast<Half*>(tiles);
  for (std::int64_t i = 0; i < m; i += kSide, into += slabs_of(k) * kSlabHalves)
    pack_tile(i, m - i < kSide ? m - i : kSide, into);
}

template <class Rows>
[[gnu::always_inline]] inline void pack_left_tiles(const Rows& rows, std::int64_t k, std::int64_t m, float* tiles) {
  for_each_tile(k, m, tiles, [&](std::int64_t i, std::int64_t, Half* tile) {
    for_each_register(k, tile, [&](std::int64_t depth, std::int64_t first, Half* into) {
      pack_left_register(rows, i + first, m, depth, k, into);
    });
  });
}

void pack_left(const float* from, std::int64_t row, std::int64_t k, std::int64_t m, float* tiles) {
  pack_left_tiles(EvenRows{from, row}, k, m, tiles);
}

void pack_left_rows(const float* const* rows, std::int64_t k, std::int64_t m, float* tiles) {
  pack_left_tiles(ScatteredRows{rows}, k, m, tiles);
}

void pack_left_transposed(const float* from, std::int64_t row, std::int64_t k, std::int64_t m, float* tiles) {
  for_each_tile(k, m, tiles, [&](std::int64_t i, std::int64_t rows, Half* into) {
    pack_left_tile_transposed(from + i, row, k, rows, into);
  });
}

}  // namespace

extern const ProductKernels kProductAmx = {.panel = kSide,
                                           .tile = kSide,
                                           .depth = kTileDepth,
                                           .bytes = kSplitParts * sizeof(Half),
                                           .most_rows = 16 * kSide,
                                           .most_bytes = std::int64_t{1} << 20,
                                           .multiply = multiply,
                                           .pack = pack,
                                           .pack_transposed = pack_transposed,
                                           .pack_left = pack_left,
                                           .pack_left_transposed = pack_left_transposed,
                                           .pack_rows = pack_rows,
                                           .pack_left_rows = pack_left_rows};

}  // namespace slalom::cpu
