// SPDX-License-Identifier: Apache-2.0
// Reads columns of rows, which may lie as floats or as bits (CompactRows), a vector at a time.
#pragma once

#include <cstdint>
#include <cstring>

#if SLALOM_VECTOR_WIDTH == 16
#include <immintrin.h>
#endif

#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

/// Lane i: high where bit i is set, else low.
template <class Vector>
[[gnu::always_inline]] inline Vector select(unsigned bits, Vector low, Vector high) {
#if SLALOM_VECTOR_WIDTH == 16
  if constexpr (sizeof(Vector) == sizeof(Floats)) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>(bits), low, high);
  } else {
    return _mm256_mask_blend_ps(static_cast<__mmask8>(bits), low, high);
  }
#else
  using Ints8 [[gnu::vector_size(32)]] = std::int32_t;
  constexpr Ints8 kLaneBit{1, 2, 4, 8, 16, 32, 64, 128};
  return ((static_cast<std::int32_t>(bits) & kLaneBit) != 0) ? high : low;
#endif
}

/// 16 neighbouring columns that lie as floats, `at` floats from a row's start.
struct FloatColumns {
  std::int64_t at;

  /// Columns `offset` and following of a row.
  template <class Vector>
  [[gnu::always_inline]] Vector part(const float* row, std::int64_t offset) const {
    return load<Vector>(row + at + offset);
  }
  /// A function that multiplies them, of any row, by w.
  template <class Vector>
  [[gnu::always_inline]] auto times(Vector w, std::int64_t offset) const {
    return [ w, from = at + offset ](const float* row) __attribute__((always_inline)) {
      return w * load<Vector>(row + from);
    };
  }
};

/// 16 neighbouring columns that lie as bits, `at` 16-bit words from a row's start.
struct BitColumns {
  std::int64_t at;
  const float* low;
  const float* high;

  [[gnu::always_inline]] static unsigned word(const float* row, std::int64_t at) {
    std::uint16_t value;
    std::memcpy(&value, reinterpret_cast<const char*>(row) + at * 2, sizeof value);
    return value;
  }
  template <class Vector>
  [[gnu::always_inline]] Vector part(const float* row, std::int64_t offset) const {
    return select(word(row, at) >> static_cast<unsigned>(offset), load<Vector>(low + offset),
                  load<Vector>(high + offset));
  }
  /// Both products are worked out once; a row selects.
  template <class Vector>
  [[gnu::always_inline]] auto times(Vector w, std::int64_t offset) const {
    return [
      at = at, shift = static_cast<unsigned>(offset), low = w * load<Vector>(low + offset),
      high = w * load<Vector>(high + offset)
    ](const float* row) __attribute__((always_inline)) {
      return select(word(row, at) >> shift, low, high);
    };
  }
};

/// Calls use(FloatColumns or BitColumns) for the group of 16 columns from i, a multiple of 16. Which one depends on the
/// group alone, so that `use` has no branch in its loop over rows.
template <bool kCompact, class Use>
[[gnu::always_inline]] inline void with_columns(const CompactColumns& compact, std::int64_t i, Use&& use) {
  if constexpr (!kCompact) {
    use(FloatColumns{i});
  } else {
    const std::int64_t place = compact.place[i / kLanes];
    if (place >= 0) {
      use(FloatColumns{place});
    } else {
      use(BitColumns{~place, compact.low + i, compact.high + i});
    }
  }
}

}  // namespace
}  // namespace slalom::cpu
