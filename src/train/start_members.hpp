// SPDX-License-Identifier: Apache-2.0
// The starting point of a population.
#pragma once

#include <cstdint>
#include <span>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

namespace slalom::training {

/// Gives every member the initial parameters of its seed and stream, and fresh optimiser state.
inline void start_members(Backend& backend, std::span<const MemberConfig> members) {
  for (std::size_t m = 0; m < members.size(); ++m) {
    backend.import_state(static_cast<std::int64_t>(m),
                         {.parameters = initial_parameters(backend.spec(), members[m].seed, members[m].stream)});
  }
}

}  // namespace slalom::training
