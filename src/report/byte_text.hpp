// SPDX-License-Identifier: Apache-2.0
// Amounts of memory for people.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <fmt/format.h>

namespace slalom::report {

/// "1.5 GiB": three digits and a binary unit.
[[nodiscard]] inline std::string byte_text(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024.0 && unit + 1 < kUnits.size(); ++unit) size /= 1024.0;
  return fmt::format("{:.3g} {}", size, kUnits[unit]);
}

}  // namespace slalom::report
