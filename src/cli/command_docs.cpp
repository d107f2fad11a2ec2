// SPDX-License-Identifier: Apache-2.0
// Reads commands and flags off CLI11's tree.
#include "cli/command_docs.hpp"

#include <CLI/CLI.hpp>

namespace slalom::cli {
namespace {

/// Of "TEXT:{a,b}": "TEXT" and, as `choices`, a and b.
std::string value_type(const std::string& type, std::vector<std::string>& choices) {
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}');
  if (open != std::string::npos && close != std::string::npos) {
    choices = CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
  }
  return type.substr(0, type.find(':'));
}

FlagDoc flag_doc(const CLI::Option& option) {
  FlagDoc doc;
  for (const std::string& name : option.get_snames()) doc.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) doc.names.push_back("--" + name);
  if (option.get_positional()) doc.positional = option.get_name(true);
  if (option.get_expected_max() > 0) {
    doc.value = value_type(option.get_type_name(), doc.choices);
    doc.repeats = option.get_expected_max() > 1;
    doc.preset = option.get_default_str();
  }
  doc.help = option.get_description();
  doc.group = option.get_group();
  doc.required = option.get_required();
  return doc;
}

CommandDoc command_doc(const CLI::App& command) {
  CommandDoc doc{.name = command.get_parent() == nullptr ? "" : command.get_name(), .help = command.get_description()};
  for (const std::string& group : command.get_groups()) {
    if (group.empty()) continue;  // hidden
    for (const CLI::Option* option : command.get_options()) {
      if (option->get_group() == group) doc.flags.push_back(flag_doc(*option));
    }
  }
  return doc;
}

}  // namespace

std::vector<CommandDoc> command_docs(const CLI::App& app) {
  std::vector<CommandDoc> docs{command_doc(app)};
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    docs.push_back(command_doc(*command));
  }
  return docs;
}

}  // namespace slalom::cli
