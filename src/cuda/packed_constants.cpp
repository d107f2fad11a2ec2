// SPDX-License-Identifier: Apache-2.0
// Packs the constants of a launch's steps.
#include "cuda/packed_constants.hpp"

#include <array>
#include <bit>
#include <cstddef>

namespace slalom::cuda {
namespace {

using Fields = std::array<float, PackedConstants::kFields>;

}  // namespace

std::int64_t pack_constants(std::span<const core::StepConstants<float>> steps, std::span<float> values,
                            PackedConstants& packed) {
  packed = {.first = steps.front(), .varying = 0, .values = nullptr};
  const auto first = std::bit_cast<Fields>(steps.front());
  for (const core::StepConstants<float>& step : steps) {
    const auto fields = std::bit_cast<Fields>(step);
    for (std::size_t f = 0; f < fields.size(); ++f) {
      // Bits, not values: NaN must not count as a change in every step, nor -0 as equal to 0.
      if (std::bit_cast<std::uint32_t>(fields[f]) != std::bit_cast<std::uint32_t>(first[f])) packed.varying |= 1U << f;
    }
  }
  std::size_t count = 0;
  for (const core::StepConstants<float>& step : steps) {
    const auto fields = std::bit_cast<Fields>(step);
    for (std::size_t f = 0; f < fields.size(); ++f) {
      if ((packed.varying >> f & 1U) != 0) values[count++] = fields[f];
    }
  }
  return static_cast<std::int64_t>(count);
}

}  // namespace slalom::cuda
