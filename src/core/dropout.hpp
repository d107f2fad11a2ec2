// SPDX-License-Identifier: Apache-2.0
// Dropout masks (Srivastava et al. 2014, inverted form) from counter-based random numbers, the same on every backend.
#pragma once

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

/// True if unit `unit` of batch row `row` is kept, with probability 1 - rate. Four units share one Philox block.
SLALOM_HD bool dropout_keeps(const DropoutKey& key, std::int64_t row, std::int64_t unit, float rate) {
  const auto index = (key.layer << 24U) | static_cast<std::uint32_t>(key.step & 0xFFFFFF);
  const auto counter = (static_cast<std::uint64_t>(row) << 24U) | static_cast<std::uint64_t>(unit / 4);
  const auto words = philox(key.seed, key.stream, RandomUse::kDropout, index, counter);
  return uniform_float(words[static_cast<std::size_t>(unit % 4)]) >= rate;
}

}  // namespace slalom::core
