// SPDX-License-Identifier: Apache-2.0
// Random numbers for shuffling on x86 with AVX-512.
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace slalom::data {
namespace {

/// Operations on 8 lanes of 64 bits.
struct Lanes {
  using Vector = __m512i;
  static constexpr std::size_t kCount = 8;

  static Vector all(std::uint32_t value) { return _mm512_set1_epi64(value); }
  static Vector counters(std::uint64_t first) {
    return _mm512_add_epi64(_mm512_set1_epi64(static_cast<long long>(first)),
                            _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7));
  }
  /// bound, bound - 1, ... as 32-bit numbers.
  static Vector falling(std::uint32_t bound) {
    return _mm512_sub_epi32(_mm512_set1_epi32(static_cast<int>(bound)),
                            _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  }
  static Vector load(const std::uint32_t* from) { return _mm512_loadu_si512(from); }
  static void store(Vector v, std::uint32_t* into) { _mm512_storeu_si512(into, v); }
  /// a's and b's lanes in turns, lanes 0, 2, 4, 6 before 1, 3, 5, 7.
  static void store(Vector a, Vector b, std::uint32_t* into) {
    store(_mm512_unpacklo_epi64(a, b), into);
    store(_mm512_unpackhi_epi64(a, b), into + 16);
  }
  static Vector multiply(Vector a, Vector b) { return _mm512_mul_epu32(a, b); }  ///< of the lower halves
  static Vector upper(Vector v) { return _mm512_srli_epi64(v, 32); }
  static Vector exclusive_or(Vector a, Vector b) { return _mm512_xor_si512(a, b); }
  /// Lower halves of a below lower halves of b.
  static Vector pair(Vector a, Vector b) { return _mm512_mask_shuffle_epi32(a, 0xAAAA, b, _MM_PERM_CCAA); }
  static bool any_less(Vector a, Vector b) { return _mm512_cmplt_epu32_mask(a, b) != 0; }
};

}  // namespace
}  // namespace slalom::data

#include "data/kernels/draws_avx.hpp"

namespace slalom::data {

extern const DrawKernels kDrawsAvx512{.words = words, .falling = falling};

}  // namespace slalom::data
