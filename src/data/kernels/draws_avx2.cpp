// SPDX-License-Identifier: Apache-2.0
// Random numbers for shuffling on x86 with AVX2.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace slalom::data {
namespace {

/// Operations on 4 lanes of 64 bits.
struct Lanes {
  using Vector = __m256i;
  static constexpr std::size_t kCount = 4;

  static Vector all(std::uint32_t value) { return _mm256_set1_epi64x(value); }
  static Vector counters(std::uint64_t first) {
    return _mm256_add_epi64(_mm256_set1_epi64x(static_cast<long long>(first)), _mm256_setr_epi64x(0, 2, 1, 3));
  }
  /// bound, bound - 1, ... as 32-bit numbers.
  static Vector falling(std::uint32_t bound) {
    return _mm256_sub_epi32(_mm256_set1_epi32(static_cast<int>(bound)), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  }
  static Vector load(const std::uint32_t* from) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)); }
  static void store(Vector v, std::uint32_t* into) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(into), v); }
  /// a's and b's lanes in turns, lanes 0 and 2 before 1 and 3.
  static void store(Vector a, Vector b, std::uint32_t* into) {
    store(_mm256_unpacklo_epi64(a, b), into);
    store(_mm256_unpackhi_epi64(a, b), into + 8);
  }
  static Vector multiply(Vector a, Vector b) { return _mm256_mul_epu32(a, b); }  ///< of the lower halves
  static Vector upper(Vector v) { return _mm256_srli_epi64(v, 32); }
  static Vector exclusive_or(Vector a, Vector b) { return _mm256_xor_si256(a, b); }
  /// Lower halves of a below lower halves of b.
  static Vector pair(Vector a, Vector b) { return _mm256_blend_epi32(a, _mm256_slli_epi64(b, 32), 0xAA); }
  static bool any_less(Vector a, Vector b) {
    const Vector not_less = _mm256_cmpeq_epi32(_mm256_max_epu32(a, b), a);
    return _mm256_movemask_epi8(not_less) != -1;
  }
};

}  // namespace
}  // namespace slalom::data

#include "data/kernels/draws_avx.hpp"

namespace slalom::data {

extern const DrawKernels kDrawsAvx2{.words = words, .falling = falling};

}  // namespace slalom::data
