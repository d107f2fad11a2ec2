// SPDX-License-Identifier: Apache-2.0
// The starting point of a population.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

namespace slalom::training {

/// Gives every member fresh optimiser state and the parameters `start`, or, if there are none, the initial ones of its
/// seed and stream.
inline void start_members(Backend& backend, std::span<const MemberConfig> members,
                          const std::vector<double>& start = {}) {
  for (std::size_t m = 0; m < members.size(); ++m) {
    backend.import_state(
        static_cast<std::int64_t>(m),
        {.parameters = start.empty() ? initial_parameters(backend.spec(), members[m].seed, members[m].stream) : start});
  }
}

}  // namespace slalom::training
