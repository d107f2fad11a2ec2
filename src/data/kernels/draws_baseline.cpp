// SPDX-License-Identifier: Apache-2.0
// Random numbers for shuffling on any processor.
#include "core/philox.hpp"
#include "data/draws.hpp"

namespace slalom::data {
namespace {

std::size_t falling(const std::uint32_t* words, std::size_t n, std::uint32_t bound, std::uint32_t* into) {
  for (std::size_t i = 0; i < n; ++i, --bound) {
    const std::uint64_t product = static_cast<std::uint64_t>(words[i]) * bound;
    if (static_cast<std::uint32_t>(product) < bound) return i;
    into[i] = static_cast<std::uint32_t>(product >> 32U);
  }
  return n;
}

}  // namespace

extern const DrawKernels kDrawsBaseline{.words = core::philox_words<kDrawWords>, .falling = falling};

}  // namespace slalom::data
