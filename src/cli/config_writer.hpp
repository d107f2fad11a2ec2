// SPDX-License-Identifier: Apache-2.0
// Writes flags as a TOML file that --config reads.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace slalom::cli {

/// Flags with their values, in order; "true" alone for a flag without a value.
using FlagValues = std::vector<std::pair<std::string, std::vector<std::string>>>;

/// The options given to `command` that `other` has too, less those in `without` (names without dashes).
[[nodiscard]] FlagValues shared_flags(const CLI::App& command, const CLI::App& other,
                                      const std::vector<std::string>& without);

/// TOML with `comments` on top. Throws UsageError for a value that the reader of --config cannot take: one with both
/// kinds of quotes or a line end.
[[nodiscard]] std::string config_text(const std::vector<std::string>& comments, const FlagValues& flags);

}  // namespace slalom::cli
