// SPDX-License-Identifier: Apache-2.0
// Scripts that make shells complete slalom's commands, flags and values.
#pragma once

#include <string>
#include <vector>

#include "cli/command_docs.hpp"

namespace slalom::cli {

/// Scripts for bash 3.2 or newer, zsh and fish. Flags with a fixed set of values complete to these, those that take a
/// number to nothing, others to files.
[[nodiscard]] std::string bash_completion(const std::vector<CommandDoc>& commands);
[[nodiscard]] std::string zsh_completion(const std::vector<CommandDoc>& commands);
[[nodiscard]] std::string fish_completion(const std::vector<CommandDoc>& commands);

}  // namespace slalom::cli
