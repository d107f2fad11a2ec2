// SPDX-License-Identifier: Apache-2.0
// Checksums by zlib.
#include "train/checksum.hpp"

#include <zlib.h>

#include <fmt/format.h>

namespace slalom::training {

std::uint32_t checksum_of(std::string_view bytes, std::uint32_t before) noexcept {
  if (bytes.empty()) return before;  // zlib takes a null pointer for the wish to begin anew
  return static_cast<std::uint32_t>(
      ::crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<z_size_t>(bytes.size())));
}

std::string hex_text(std::uint32_t value) { return fmt::format("{:08x}", value); }

}  // namespace slalom::training
