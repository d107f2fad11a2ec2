// SPDX-License-Identifier: Apache-2.0
// Counter-based random numbers (Philox4x32-10, Salmon et al. 2011, from Random123): the same on every machine and
// device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <Random123/philox.h>

#include "core/hd.hpp"
#include "core/random_sequence.hpp"

namespace slalom::core {

/// Four random words for counter (a, b) of the sequence (seed, stream, use, index). `index` is the epoch, step or
/// layer.
SLALOM_HD std::array<std::uint32_t, 4> philox(std::uint64_t seed, std::uint32_t stream, RandomUse use,
                                              std::uint32_t index, std::uint64_t counter) {
  r123::Philox4x32::ctr_type ctr{};
  ctr.v[0] = static_cast<std::uint32_t>(counter);
  ctr.v[1] = static_cast<std::uint32_t>(counter >> 32U) ^ (static_cast<std::uint32_t>(use) << 24U);
  ctr.v[2] = index;
  ctr.v[3] = stream;
  r123::Philox4x32::key_type key{};
  key.v[0] = static_cast<std::uint32_t>(seed);
  key.v[1] = static_cast<std::uint32_t>(seed >> 32U);
  const r123::Philox4x32::ctr_type out = r123::Philox4x32{}(ctr, key);
  return {out.v[0], out.v[1], out.v[2], out.v[3]};
}

/// Uniform in [0, 1) with 24 bits: exact in float32.
SLALOM_HD float uniform_float(std::uint32_t word) { return static_cast<float>(word >> 8U) * 0x1.0p-24F; }

/// Four random words of a sequence.
inline std::array<std::uint32_t, 4> philox(const RandomSequence& s, std::uint64_t counter) {
  return philox(s.seed, s.stream, s.use, s.index, counter);
}

/// The words of counters [counter, counter + kWords / 4) of a sequence.
template <std::size_t kWords>
void philox_words(const RandomSequence& s, std::uint64_t counter, std::uint32_t* into) {
  for (std::size_t i = 0; i < kWords; i += 4) {
    const std::array<std::uint32_t, 4> four = philox(s, counter + i / 4);
    for (std::size_t k = 0; k < 4; ++k) into[i + k] = four[k];
  }
}

/// Uniform in {0, ..., bound - 1} without bias (Lemire 2019), by words from next(); bound >= 1.
template <class Next>
std::uint32_t uniform_below(std::uint32_t bound, Next&& next) {
  std::uint64_t product = static_cast<std::uint64_t>(next()) * bound;
  if (static_cast<std::uint32_t>(product) < bound) {
    const std::uint32_t threshold = (0U - bound) % bound;
    while (static_cast<std::uint32_t>(product) < threshold) product = static_cast<std::uint64_t>(next()) * bound;
  }
  return static_cast<std::uint32_t>(product >> 32U);
}

/// A host-side stream of words from one sequence.
class PhiloxStream {
 public:
  PhiloxStream(std::uint64_t seed, std::uint32_t stream, RandomUse use, std::uint32_t index)
      : sequence_{seed, stream, use, index} {}

  std::uint32_t next() {
    if (used_ == kWords) refill();
    return words_[used_++];
  }
  /// Uniform in {0, ..., bound - 1}; bound >= 1.
  std::uint32_t below(std::uint32_t bound) {
    return uniform_below(bound, [this] { return next(); });
  }
  /// Uniform in (0, 1) with 53 bits.
  double uniform() {
    const std::uint64_t high = next() >> 5U;
    const std::uint64_t low = next() >> 6U;
    return (static_cast<double>((high << 26U) | low) + 0.5) * 0x1.0p-53;
  }

 private:
  static constexpr std::size_t kWords = 64;

  /// Many counters at a time: compilers make vectors of them.
  void refill() {
    philox_words<kWords>(sequence_, counter_, words_.data());
    counter_ += kWords / 4;
    used_ = 0;
  }

  RandomSequence sequence_;
  std::uint64_t counter_ = 0;
  std::array<std::uint32_t, kWords> words_{};
  std::size_t used_ = kWords;
};

}  // namespace slalom::core
