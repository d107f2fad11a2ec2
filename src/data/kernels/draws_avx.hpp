// SPDX-License-Identifier: Apache-2.0
// Random numbers for shuffling in vectors of 64-bit lanes, whose lower halves count. Philox4x32-10 (Salmon et al. 2011)
// works on several counters at a time; a 32-bit product of two lower halves takes a whole lane. Included by files that
// define Lanes, the operations of their instruction set. Bound by multiplications.
#pragma once

#include <cstddef>
#include <cstdint>

#include "data/draws.hpp"

namespace slalom::data {
namespace {

/// The state of Philox for the counters of a vector's lanes.
struct PhiloxLanes {
  Lanes::Vector c0, c1, c2, c3;

  /// One round with round keys k0 and k1.
  [[gnu::always_inline]] void round(Lanes::Vector k0, Lanes::Vector k1) {
    const Lanes::Vector p0 = Lanes::multiply(c0, Lanes::all(0xD2511F53U));
    const Lanes::Vector p1 = Lanes::multiply(c2, Lanes::all(0xCD9E8D57U));
    c0 = Lanes::exclusive_or(Lanes::upper(p1), Lanes::exclusive_or(c1, k0));
    c2 = Lanes::exclusive_or(Lanes::upper(p0), Lanes::exclusive_or(c3, k1));
    c1 = p1;
    c3 = p0;
  }
};

/// Lane 2 i has counter i of a vector, lane 2 i + 1 counter i + half: then 128-bit halves of what `store` interleaves are
/// in the order of the counters.
[[gnu::always_inline]] inline PhiloxLanes lanes_from(const core::RandomSequence& sequence, std::uint64_t counter) {
  const Lanes::Vector counters = Lanes::counters(counter);
  const auto use = static_cast<std::uint32_t>(sequence.use) << 24U;
  return {.c0 = counters,
          .c1 = Lanes::exclusive_or(Lanes::upper(counters), Lanes::all(use)),
          .c2 = Lanes::all(sequence.index),
          .c3 = Lanes::all(sequence.stream)};
}

[[gnu::always_inline]] inline void store_words(const PhiloxLanes& lanes, std::uint32_t* into) {
  Lanes::store(Lanes::pair(lanes.c0, lanes.c1), Lanes::pair(lanes.c2, lanes.c3), into);
}

void words(const core::RandomSequence& sequence, std::uint64_t counter, std::uint32_t* into) {
  constexpr std::size_t kWords = 4 * Lanes::kCount;  // of a vector of counters
  for (std::size_t done = 0; done < kDrawWords; done += 2 * kWords) {
    // Two chains, because multiplications take several cycles; by name, so that they stay in registers.
    PhiloxLanes a = lanes_from(sequence, counter + done / 4);
    PhiloxLanes b = lanes_from(sequence, counter + done / 4 + Lanes::kCount);
    auto k0 = static_cast<std::uint32_t>(sequence.seed);
    auto k1 = static_cast<std::uint32_t>(sequence.seed >> 32U);
    for (int round = 0; round < 10; ++round) {
      a.round(Lanes::all(k0), Lanes::all(k1));
      b.round(Lanes::all(k0), Lanes::all(k1));
      k0 += 0x9E3779B9U;
      k1 += 0xBB67AE85U;
    }
    store_words(a, into + done);
    store_words(b, into + done + kWords);
  }
}

std::size_t falling(const std::uint32_t* words, std::size_t n, std::uint32_t bound, std::uint32_t* into) {
  constexpr std::size_t kStep = 2 * Lanes::kCount;  // 32-bit numbers in a vector
  std::size_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    const Lanes::Vector word = Lanes::load(words + i);
    const Lanes::Vector bounds = Lanes::falling(bound - static_cast<std::uint32_t>(i));
    const Lanes::Vector even = Lanes::multiply(word, bounds);
    const Lanes::Vector odd = Lanes::multiply(Lanes::upper(word), Lanes::upper(bounds));
    if (Lanes::any_less(Lanes::pair(even, odd), bounds)) break;  // lower halves: what Lemire's method looks at
    Lanes::store(Lanes::pair(Lanes::upper(even), Lanes::upper(odd)), into + i);
  }
  return i + kDrawsBaseline.falling(words + i, n - i, bound - static_cast<std::uint32_t>(i), into + i);
}

}  // namespace
}  // namespace slalom::data
