// SPDX-License-Identifier: Apache-2.0
// Numbers for people.
#pragma once

#include <cstdlib>
#include <string>

#include <fmt/format.h>

namespace slalom::text {

/// `value` in `digits` significant digits, at most six, written out up to a million: "240" and not "2.4e+02".
[[nodiscard]] inline std::string rounded(double value, int digits) {
  return fmt::format("{:.6g}", std::strtod(fmt::format("{:.{}g}", value, digits).c_str(), nullptr));
}

}  // namespace slalom::text
