// SPDX-License-Identifier: Apache-2.0
// What people call the members of a run.
#pragma once

#include <cstdint>
#include <string>

namespace slalom::report {

/// What the members of a run are called: `noun` and a number.
struct MemberNames {
  std::string noun;        ///< empty: there is only one member, which needs no name
  std::int64_t first = 1;  ///< number of member 0; 0: it has no name (the model before its folds)

  /// "restart 2", with `separator` for the blank; empty for a member without a name.
  [[nodiscard]] std::string of(std::int64_t member, const char* separator = " ") const {
    const std::int64_t number = member + first;
    return noun.empty() || number == 0 ? "" : noun + separator + std::to_string(number);
  }
};

}  // namespace slalom::report
