// SPDX-License-Identifier: Apache-2.0
// Dropout masks (Srivastava et al. 2014, inverted form) from counter-based random numbers, the same on every backend.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/hd.hpp"
#include "core/philox.hpp"

namespace slalom::core {

/// Whose mask it is: member, layer and optimiser step (from 0). At most 256 layers and 2^24 steps before masks repeat.
struct DropoutKey {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;
  std::uint32_t layer = 0;
  std::int64_t step = 0;
};

/// The random words of units 4 * quad to 4 * quad + 3 of batch row `row`.
SLALOM_HD std::array<std::uint32_t, 4> dropout_words(const DropoutKey& key, std::int64_t row, std::int64_t quad) {
  const auto index = (key.layer << 24U) | static_cast<std::uint32_t>(key.step & 0xFFFFFF);
  const auto counter = (static_cast<std::uint64_t>(row) << 24U) | static_cast<std::uint64_t>(quad);
  return philox(key.seed, key.stream, RandomUse::kDropout, index, counter);
}

/// Whether the unit that drew `word` is kept: with probability 1 - rate.
SLALOM_HD bool dropout_keeps(std::uint32_t word, float rate) { return uniform_float(word) >= rate; }

/// True if unit `unit` of batch row `row` is kept.
SLALOM_HD bool dropout_keeps(const DropoutKey& key, std::int64_t row, std::int64_t unit, float rate) {
  const auto words = dropout_words(key, row, unit / 4);
  std::uint32_t word = words[0];
  for (std::size_t k = 1; k < 4; ++k) {  // a computed index would put the words into memory on a GPU
    if (unit % 4 == static_cast<std::int64_t>(k)) word = words[k];
  }
  return dropout_keeps(word, rate);
}

/// What a kept unit is multiplied by, so that its expectation stays.
template <class Real>
SLALOM_HD Real dropout_gain(float rate) {
  return Real(1) / (Real(1) - static_cast<Real>(rate));
}

}  // namespace slalom::core
