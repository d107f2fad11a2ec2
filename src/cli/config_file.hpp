// SPDX-License-Identifier: Apache-2.0
// Flags from a TOML file.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace slalom::cli {

/// --config of a command, for its help: expand_config() has replaced it by the file's flags before they are parsed.
void add_config_option(CLI::App& app, std::string& config);

/// If `arguments` (without the program's name) hold `--config FILE` or `--config=FILE`, returns them with the file's
/// entries added as flags: `name = value` becomes `--name value`, `name = true` becomes `--name`, lists are joined by
/// commas. A flag that is given on the command line wins over the file. Throws InputError (no such file) or UsageError
/// (not TOML, sections).
[[nodiscard]] std::vector<std::string> expand_config(std::vector<std::string> arguments);

}  // namespace slalom::cli
