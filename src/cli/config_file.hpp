// SPDX-License-Identifier: Apache-2.0
// Flags from a TOML file.
#pragma once

#include <string>
#include <vector>

namespace slalom::cli {

/// If `arguments` (without the program's name) hold `--config FILE` or `--config=FILE`, returns them with the file's
/// entries added as flags: `name = value` becomes `--name value`, `name = true` becomes `--name`, lists are joined by
/// commas. A flag that is given on the command line wins over the file. Throws InputError (no such file) or UsageError
/// (not TOML, sections).
[[nodiscard]] std::vector<std::string> expand_config(std::vector<std::string> arguments);

}  // namespace slalom::cli
