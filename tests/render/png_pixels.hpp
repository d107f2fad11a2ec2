// SPDX-License-Identifier: Apache-2.0
// Reads a PNG back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace slalom::testing {

struct Pixels {
  int width = 0, height = 0;
  std::vector<std::uint32_t> argb;  ///< row after row
  [[nodiscard]] std::uint32_t at(int x, int y) const { return argb.at(static_cast<std::size_t>(y * width + x)); }
};

/// Of the bytes of a PNG file; nothing with a test failure if they are none.
[[nodiscard]] Pixels pixels_of(const std::string& png);

}  // namespace slalom::testing
