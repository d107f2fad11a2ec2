// SPDX-License-Identifier: Apache-2.0
// The checksum of event files.
#pragma once

#include <cstdint>
#include <string_view>

namespace slalom::report {

/// CRC-32C (Castagnoli's polynomial, reflected: RFC 3720, section 12.1). zlib has another polynomial only.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes) noexcept;

}  // namespace slalom::report
