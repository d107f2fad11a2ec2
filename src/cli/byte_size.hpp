// SPDX-License-Identifier: Apache-2.0
// Sizes of memory as people write them.
#pragma once

#include <cstdint>
#include <string>

namespace slalom::cli {

/// "512M" is 512 * 2^20: a number, with or without a fraction, and a unit B, K, M, G or T (B if none), also as KB or
/// KiB. Throws UsageError that names `flag` for anything else, and for less than one byte.
[[nodiscard]] std::int64_t parse_bytes(const std::string& flag, const std::string& text);

}  // namespace slalom::cli
