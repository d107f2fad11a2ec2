// SPDX-License-Identifier: Apache-2.0
// Vectors of floats and sums over their lanes. For the files of this folder only: SLALOM_VECTOR_WIDTH says how many
// floats the machine's widest vector has.
#pragma once

#include <cstdint>
#include <cstring>

namespace slalom::cpu {
namespace {  // every file has copies of its own, made of the instructions that it is compiled for

using Floats4 [[gnu::vector_size(16)]] = float;
using Floats8 [[gnu::vector_size(32)]] = float;

/// The widest vector; always two make the 16 lanes of a sum, or one does.
#if SLALOM_VECTOR_WIDTH == 16
using Floats [[gnu::vector_size(64)]] = float;
#else
using Floats = Floats8;
#endif
constexpr std::int64_t kWidth = sizeof(Floats) / sizeof(float);

/// The lanes of a sum, whatever the width: lane i sums elements i, i + 16, ...; then lane i takes lane i + 8, i + 4, i
/// + 2, i + 1.
constexpr std::int64_t kLanes = 16;
constexpr std::int64_t kParts = kLanes / kWidth;

template <class Vector>
[[gnu::always_inline]] inline Vector load(const float* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

template <class Vector>
[[gnu::always_inline]] inline void store(float* into, Vector v) {
  std::memcpy(into, &v, sizeof v);
}

[[gnu::always_inline]] inline Floats8 join(Floats4 low, Floats4 high) {
  return Floats8{low[0], low[1], low[2], low[3], high[0], high[1], high[2], high[3]};
}

[[gnu::always_inline]] inline Floats4 fold(Floats8 v) {
  return Floats4{v[0], v[1], v[2], v[3]} + Floats4{v[4], v[5], v[6], v[7]};
}

/// The sums of four folded rows, side by side.
[[gnu::always_inline]] inline Floats4 sums_of(Floats4 a, Floats4 b, Floats4 c, Floats4 d) {
  const Floats4 ab = Floats4{a[0], a[1], b[0], b[1]} + Floats4{a[2], a[3], b[2], b[3]};
  const Floats4 cd = Floats4{c[0], c[1], d[0], d[1]} + Floats4{c[2], c[3], d[2], d[3]};
  return Floats4{ab[0], ab[2], cd[0], cd[2]} + Floats4{ab[1], ab[3], cd[1], cd[3]};
}

[[gnu::always_inline]] inline float sum_of(Floats4 v) { return (v[0] + v[2]) + (v[1] + v[3]); }
[[gnu::always_inline]] inline float sum_of(Floats8 v) { return sum_of(fold(v)); }

/// A sum in 16 lanes, in vectors.
struct LaneSum {
  Floats part[kParts] = {};

  /// With `rest` added to lanes 0 to 7.
  [[gnu::always_inline]] Floats4 folded(Floats8 rest) const {
#if SLALOM_VECTOR_WIDTH == 16
    const Floats v = part[0];
    const Floats8 low{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]};
    const Floats8 high{v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15]};
    return fold((low + rest) + high);
#else
    return fold((part[0] + rest) + part[1]);
#endif
  }
};

}  // namespace
}  // namespace slalom::cpu
