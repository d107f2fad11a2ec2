// SPDX-License-Identifier: Apache-2.0
// Sizes of memory as people write them.
#include "cli/byte_size.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>

#include <slalom/error.hpp>

#include "cli/argument_checks.hpp"

namespace slalom::cli {
namespace {

constexpr double kMostBytes = 1e18;

/// Bytes in one of a unit; 0: there is no such unit.
double unit_bytes(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1.0;
  const std::size_t power = std::string_view("KMGT").find(unit[0]);
  const std::string_view rest = unit.substr(1);
  if (power == std::string_view::npos || !(rest.empty() || rest == "B" || rest == "iB")) return 0.0;
  return std::ldexp(1.0, 10 * (static_cast<int>(power) + 1));
}

}  // namespace

std::int64_t parse_bytes(const std::string& flag, const std::string& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  const double number = parse_number(text.substr(0, end)).value_or(0.0);
  const double bytes = std::floor(number * unit_bytes(std::string_view(text).substr(end)));
  if (!(bytes >= 1.0 && bytes <= kMostBytes)) {
    throw UsageError(flag + ": found '" + text + "', expected a size such as 512M or 2G");
  }
  return static_cast<std::int64_t>(bytes);
}

}  // namespace slalom::cli
