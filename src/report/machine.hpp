// SPDX-License-Identifier: Apache-2.0
// What a run computes on, for logs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace slalom::report {

/// Processor, cores that this process may use, memory, operating system and what slalom was built with, by name. What
/// cannot be found out is left out.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> machine_facts();

/// Bytes of memory that this process holds now.
[[nodiscard]] std::optional<std::int64_t> resident_bytes();

}  // namespace slalom::report
