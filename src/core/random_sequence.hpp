// SPDX-License-Identifier: Apache-2.0
// Names of sequences of random numbers.
#pragma once

#include <cstdint>

namespace slalom::core {

/// What a sequence of random numbers is used for; part of the key, so that uses never share numbers.
enum class RandomUse : std::uint32_t {
  kPermutation = 1,
  kInitialization = 2,
  kDropout = 3,
  kSplit = 4,
  kFolds = 5,
  kSynthetic = 6
};

/// Names a sequence of words. Word 4 c + k is word k of counter c.
struct RandomSequence {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  RandomUse use{};
  std::uint32_t index = 0;
};

}  // namespace slalom::core
