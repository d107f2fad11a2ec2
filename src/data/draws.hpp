// SPDX-License-Identifier: Apache-2.0
// Random numbers for shuffling, many at a time, by the widest vectors that the processor has.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/random_sequence.hpp"

namespace slalom::data {

inline constexpr std::size_t kDrawWords = 64;

/// Loops compiled for one instruction set. All give the same numbers.
struct DrawKernels {
  /// The words of counters [counter, counter + kDrawWords / 4) of a sequence: core::philox.
  void (*words)(const core::RandomSequence& sequence, std::uint64_t counter, std::uint32_t* into);

  /// into[i] = core::uniform_below(bound - i) by words[i], for i < n <= kDrawWords, n < bound; but only for words before
  /// the first that this might reject. Returns how many those are.
  std::size_t (*falling)(const std::uint32_t* words, std::size_t n, std::uint32_t bound, std::uint32_t* into);
};

/// What this processor can run, the widest first.
[[nodiscard]] std::vector<DrawKernels> draw_kernels();

/// Draws below bound, bound - 1, bound - 2, ...: what core::PhiloxStream::below gives, call by call.
class FallingDraws {
 public:
  FallingDraws(const core::RandomSequence& sequence, const DrawKernels& kernels)
      : sequence_(sequence), kernels_(kernels) {}

  /// At least 1 and at most n of the next numbers, below bound, bound - 1, ...; n < bound.
  std::size_t next(std::uint32_t bound, std::size_t n, std::uint32_t* into);

 private:
  void refill();

  core::RandomSequence sequence_;
  DrawKernels kernels_;
  std::uint64_t counter_ = 0;
  std::uint32_t words_[kDrawWords] = {};
  std::size_t used_ = kDrawWords;
};

extern const DrawKernels kDrawsBaseline;
extern const DrawKernels kDrawsAvx2;    ///< x86 only
extern const DrawKernels kDrawsAvx512;  ///< x86 only

}  // namespace slalom::data
