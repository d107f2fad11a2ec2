// SPDX-License-Identifier: Apache-2.0
// Castagnoli's checksum, a byte at a time: a few hundred bytes an epoch need nothing faster.
#include "report/tensorboard/crc32c.hpp"

#include <array>

namespace slalom::report {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78U;

/// The checksum's change by each value of a byte.
constexpr std::array<std::uint32_t, 256> kTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1U) ^ ((value & 1U) != 0 ? kPolynomial : 0U);
    table[byte] = value;
  }
  return table;
}();

}  // namespace

std::uint32_t crc32c(std::string_view bytes) noexcept {
  std::uint32_t value = 0xFFFFFFFFU;
  for (const char c : bytes) value = (value >> 8U) ^ kTable[(value ^ static_cast<unsigned char>(c)) & 0xFFU];
  return value ^ 0xFFFFFFFFU;
}

}  // namespace slalom::report
