// SPDX-License-Identifier: Apache-2.0
// float32 numbers as sums of three bfloat16 numbers, and matrices of them as the tile registers of AMX want them.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace slalom::cpu {
namespace {

constexpr std::int64_t kSplitParts = 3;    ///< of a number: high, middle and low
constexpr std::int64_t kTileSide = 16;     ///< rows of a tile register, and its columns of float32
constexpr std::int64_t kTileDepth = 32;    ///< bfloat16 numbers of its rows
constexpr std::int64_t kTileHalves = 512;  ///< bfloat16 numbers of a tile register

using Half = std::uint16_t;  ///< the bits of a bfloat16

/// The parts of 16 numbers, each in the upper half of 32 bits. A float32 has 24 bits of mantissa and a bfloat16 has 8:
/// x = high + middle + low exactly. The high part is cut off, so that nothing overflows, the middle one rounded:
/// |middle| < 2^-7 |x|, |low| <= 2^-16 |x|. Infinity is high alone, NaN is NaN in some part. Parts below 2^-126 count as
/// zero in products.
struct Split {
  __m512i part[kSplitParts];
};

[[gnu::always_inline]] inline __m512i upper_halves(__m512i bits) {
  return _mm512_and_si512(bits, _mm512_set1_epi32(static_cast<int>(0xffff0000U)));
}

[[gnu::always_inline]] inline Split split(__m512 x) {
  const __m512i high = upper_halves(_mm512_castps_si512(x));
  const __m512 start = _mm512_castsi512_ps(high);
  const __m512 rest = _mm512_maskz_sub_ps(_mm512_cmp_ps_mask(x, start, _CMP_NEQ_UQ), x, start);
  const __m512i middle = upper_halves(_mm512_add_epi32(_mm512_castps_si512(rest), _mm512_set1_epi32(0x8000)));
  return {{high, middle, _mm512_castps_si512(_mm512_sub_ps(rest, _mm512_castsi512_ps(middle)))}};
}

/// The mask of the first `n` of 16.
[[gnu::always_inline]] inline __mmask16 first_of_16(std::int64_t n) {
  return n >= 16 ? __mmask16{0xffff} : n <= 0 ? __mmask16{0} : static_cast<__mmask16>((1U << n) - 1U);
}

/// A row of a tile register from 32 numbers: pair i is `first[i]` and `second[i]`. Its parts go to `into`, `into + part` and
/// `into + 2 part`.
[[gnu::always_inline]] inline void store_pairs(__m512 first, __m512 second, Half* into, std::int64_t part) {
  const Split low = split(first);
  const Split high = split(second);
  constexpr __mmask32 kUpper = 0xaaaaaaaaU;
  for (std::int64_t p = 0; p < kSplitParts; ++p) {
    const __m512i pairs = _mm512_mask_blend_epi16(kUpper, _mm512_srli_epi32(low.part[p], 16), high.part[p]);
    _mm512_storeu_si512(into + p * part, pairs);
  }
}

/// The first `n` of 16 numbers, and zeros.
[[gnu::always_inline]] inline __m512 first_of(const float* from, std::int64_t n) {
  return _mm512_maskz_loadu_ps(first_of_16(n), from);
}

/// A [16, 16] matrix, of which `rows` and `columns` are there, transposed; zeros for the others.
[[gnu::always_inline]] inline void transpose(const float* from, std::int64_t row, std::int64_t rows,
                                             std::int64_t columns, float* into, std::int64_t into_row) {
  __m512i r[16];
  __m512i t[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; ++i)
    r[i] = i < rows ? _mm512_castps_si512(first_of(from + i * row, columns)) : _mm512_setzero_si512();
#pragma GCC unroll 8
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 16; i += 4) {
    r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    t[i] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_i32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_i32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm512_storeu_si512(into + i * into_row, _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88));
    _mm512_storeu_si512(into + (i + 4) * into_row, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88));
    _mm512_storeu_si512(into + (i + 8) * into_row, _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd));
    _mm512_storeu_si512(into + (i + 12) * into_row, _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd));
  }
}

}  // namespace
}  // namespace slalom::cpu
