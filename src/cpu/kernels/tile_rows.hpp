// SPDX-License-Identifier: Apache-2.0
// Dot products of four rows, and weighted sums of eight.
#pragma once

#include <cstdint>

#include "cpu/kernels/columns.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kGroup = 8;  ///< rows whose parts of the gradient are added pairwise

/// A row of at most 8 features; features beyond kStride are zero and left out where a vector of 4 will do.
template <int kStride>
[[gnu::always_inline]] inline auto load_row(const float* row) {
  if constexpr (kStride == 8) {
    return load<Floats8>(row);
  } else if constexpr (kStride == 4) {
    return load<Floats4>(row);
  } else if constexpr (kStride == 2) {
    return Floats4{row[0], row[1], 0.0F, 0.0F};
  } else {
    return Floats4{row[0], 0.0F, 0.0F, 0.0F};
  }
}
[[gnu::always_inline]] inline Floats4 fold(Floats4 v) { return v; }

constexpr int kLongRows = 0;      ///< instead of a stride: rows longer than a vector
constexpr int kCompactRows = -1;  ///< likewise: records of CompactRows

/// Asks for the cache line at `at`, into L2: more such requests can be under way than there are buffers that fill L1.
[[gnu::always_inline]] inline void prefetch_line(const float* at) { __builtin_prefetch(at, 0, 2); }

/// What is asked for during dot products: nothing, rows, or also the first lines of rows a group further on, whose pages
/// are known then when the rest is asked for.
enum class Ahead { kNothing, kRows, kRowsAndFirstLines };

/// Four rows' dot products with w: [p.width]. soon: the rows that are asked for.
template <int kStride, Ahead kAhead>
[[gnu::always_inline]] inline Floats4 dot4(const LinearProblem& p, const float* w, const float* const* row,
                                           const float* const* soon) {
  if constexpr (kStride > 0) {
    using Row = decltype(load_row<kStride>(w));
    const Row weights = load<Row>(w);
    if constexpr (kAhead != Ahead::kNothing) {
      for (int r = 0; r < 4; ++r) prefetch_line(soon[r]);
    }
    return sums_of(fold(weights * load_row<kStride>(row[0])), fold(weights * load_row<kStride>(row[1])),
                   fold(weights * load_row<kStride>(row[2])), fold(weights * load_row<kStride>(row[3])));
  } else {
    constexpr bool kCompact = kStride == kCompactRows;
    const float* const* early = soon + kGroup;
    std::int64_t next_early = 0;
    const auto ask_ahead = [&](std::int64_t i, int r) __attribute__((always_inline)) {
      if (kAhead == Ahead::kNothing) return;
      if (!kCompact || i < p.stride) prefetch_line(soon[r] + i);
      if (kAhead == Ahead::kRowsAndFirstLines && r == 0 && i == next_early) {
        prefetch_line(*early++);
        next_early += p.early_step;
      }
    };
    LaneSum sum[4];
    std::int64_t i = 0;
    for (; i + kLanes <= p.width; i += kLanes) {
      with_columns<kCompact>(
          p.compact, i, [&](auto columns) __attribute__((always_inline)) {
#pragma GCC unroll 2
            for (std::int64_t part = 0; part < kParts; ++part) {
              const auto product = columns.times(load<Floats>(w + i + part * kWidth), part * kWidth);
#pragma GCC unroll 4
              for (int r = 0; r < 4; ++r) {
                if (part == 0) ask_ahead(i, r);
                sum[r].part[part] += product(row[r]);
              }
            }
          });
    }
    Floats8 rest[4] = {};
    if (i < p.width) {
      with_columns<kCompact>(
          p.compact, i, [&](auto columns) __attribute__((always_inline)) {
            const auto product = columns.times(load<Floats8>(w + i), 0);
#pragma GCC unroll 4
            for (int r = 0; r < 4; ++r) {
              ask_ahead(i, r);
              rest[r] = product(row[r]);
            }
          });
    }
    return sums_of(sum[0].folded(rest[0]), sum[1].folded(rest[1]), sum[2].folded(rest[2]), sum[3].folded(rest[3]));
  }
}

/// Sum of eight rows, each scaled by its derivative.
template <class Vector, class Load>
[[gnu::always_inline]] inline Vector weighted_sum(const float* d, const float* const* row, Load&& load_part) {
  const Vector s01 = load_part(row[0]) * d[0] + load_part(row[1]) * d[1];
  const Vector s23 = load_part(row[2]) * d[2] + load_part(row[3]) * d[3];
  const Vector s45 = load_part(row[4]) * d[4] + load_part(row[5]) * d[5];
  const Vector s67 = load_part(row[6]) * d[6] + load_part(row[7]) * d[7];
  return (s01 + s23) + (s45 + s67);
}

}  // namespace
}  // namespace slalom::cpu
