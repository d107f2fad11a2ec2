// SPDX-License-Identifier: Apache-2.0
// Turns a TOML file's entries into flags.
#include "cli/config_file.hpp"

#include <algorithm>
#include <filesystem>

#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/name_list.hpp"

namespace slalom::cli {
namespace {

/// The value of --config, or empty.
std::string config_path(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i] == "--config" && i + 1 < arguments.size()) return arguments[i + 1];
    if (arguments[i].starts_with("--config=")) return arguments[i].substr(9);
  }
  return {};
}

bool given(const std::vector<std::string>& arguments, const std::string& flag) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [&](const std::string& a) { return a == flag || a.starts_with(flag + "="); });
}

/// A list as a flag takes it. A single text stays as it is: it may be such a list already.
std::string joined(const std::vector<std::string>& values) {
  if (values.size() == 1) return values[0];
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i) text += (i == 0 ? "" : ",") + quoted_name(values[i]);
  return text;
}

}  // namespace

void add_config_option(CLI::App& app, std::string& config) {
  app.add_option("--config", config,
                 "Read flags from a TOML file: name = value, names without the dashes; flags given here win");
}

std::vector<std::string> expand_config(std::vector<std::string> arguments) {
  const std::string path = config_path(arguments);
  if (path.empty()) return arguments;
  if (!std::filesystem::is_regular_file(path)) throw InputError("--config: " + path + ": no such file");
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_file(path);
  } catch (const CLI::Error& error) {
    throw UsageError("--config: " + path + ": " + error.what());
  }
  const std::vector<std::string> from_command_line = arguments;
  for (const CLI::ConfigItem& item : items) {
    if (!item.parents.empty())
      throw UsageError("--config: " + path + ": found the section [" + item.parents[0] + "], expected none");
    const std::string flag = "--" + item.name;
    if (given(from_command_line, flag)) continue;
    const std::string value = joined(item.inputs);
    if (value == "false") continue;
    // "--name=value" keeps values that begin with a minus, such as target = -1.
    arguments.push_back(flag);
    if (value != "true") arguments.back().append("=").append(value);
  }
  return arguments;
}

}  // namespace slalom::cli
