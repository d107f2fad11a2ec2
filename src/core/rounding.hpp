// SPDX-License-Identifier: Apache-2.0
// How many pieces of a size hold so many things.
#pragma once

#include <cstdint>

namespace slalom::core {

/// n / unit, rounded up; n >= 0, unit > 0.
[[nodiscard]] constexpr std::int64_t ceil_div(std::int64_t n, std::int64_t unit) { return (n + unit - 1) / unit; }

/// n rounded up to a multiple of unit.
[[nodiscard]] constexpr std::int64_t round_up(std::int64_t n, std::int64_t unit) { return ceil_div(n, unit) * unit; }

}  // namespace slalom::core
