// SPDX-License-Identifier: Apache-2.0
// slalom completion and slalom man: help for shells and for man, made from the command line's definition.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/command.hpp"
#include "cli/command_docs.hpp"
#include "cli/completion.hpp"
#include "cli/enum_option.hpp"
#include "cli/man_page.hpp"

namespace slalom::cli {

void add_completion(CLI::App& app) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a script that makes a shell complete slalom's flags");
  command->add_option("shell", *shell, "Shell to print it for")->required()->check(one_of({"bash", "zsh", "fish"}));
  command->callback([&app, shell] {
    const auto script = *shell == "bash" ? bash_completion : *shell == "zsh" ? zsh_completion : fish_completion;
    fmt::print("{}", script(command_docs(app)));
  });
}

void add_man(CLI::App& app) {
  CLI::App* command = app.add_subcommand("man", "Print the manual page: slalom man | man -l -");
  command->callback([&app] { fmt::print("{}", man_page(command_docs(app))); });
}

}  // namespace slalom::cli
