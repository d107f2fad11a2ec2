// SPDX-License-Identifier: Apache-2.0
// slalom inspect: explains a model file.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/model.hpp>

#include "cli/command.hpp"
#include "model/describe.hpp"

namespace slalom::cli {

void add_inspect(CLI::App& app) {
  auto path = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("inspect", "Explain a model file");
  command->add_option("model,--model", *path, "Model file from slalom train, with or without --model before it")
      ->required();
  command->callback([path] { fmt::print("{}", describe(load_model(*path), style_of(stdout))); });
}

}  // namespace slalom::cli
