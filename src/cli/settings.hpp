// SPDX-License-Identifier: Apache-2.0
// What a command was called with, defaults included.
#pragma once

#include <string>
#include <vector>

#include "report/setting.hpp"
#include "report/tensorboard/hyper_parameters.hpp"

namespace CLI {
class App;
}

namespace slalom::cli {

using report::Setting;

/// Every flag of a parsed command that was given or has a default, in the order of the help.
[[nodiscard]] std::vector<Setting> settings_of(const CLI::App& command);

/// The settings of the groups Model, Optimizer, Schedule and Run, by which runs are compared.
[[nodiscard]] report::HyperParameters hyperparameters(const std::vector<Setting>& settings);

/// One line a setting, `name = value`, aligned.
[[nodiscard]] std::string settings_text(const std::vector<Setting>& settings);

/// The arguments as a POSIX shell takes them.
[[nodiscard]] std::string shell_command(int argc, const char* const* argv);

}  // namespace slalom::cli
