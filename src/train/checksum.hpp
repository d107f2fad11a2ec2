// SPDX-License-Identifier: Apache-2.0
// Checksums of files and data.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slalom::training {

/// CRC-32 (that of zlib and gzip) of `bytes`, after bytes whose checksum is `before`.
[[nodiscard]] std::uint32_t checksum_of(std::string_view bytes, std::uint32_t before = 0) noexcept;

/// Eight hexadecimal digits.
[[nodiscard]] std::string hex_text(std::uint32_t value);

/// The memory of an array of plain values.
template <class Values>
[[nodiscard]] std::string_view bytes_of(const Values& values) noexcept {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(values[0])};
}

}  // namespace slalom::training
