// SPDX-License-Identifier: Apache-2.0
// Turns a TOML file's entries into flags.
#include "cli/config_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/name_list.hpp"

namespace slalom::cli {
namespace {

constexpr std::size_t kMostSettingsBytes = std::size_t{1} << 20;

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

/// The content of the file. CLI11 would take a failing read for the end, and a file of any size.
std::string read_settings(const std::string& path) {
  if (!std::filesystem::is_regular_file(path)) throw InputError("--config: " + path + ": no such file");
  std::ifstream file(path, std::ios::binary);
  if (!file) throw InputError("--config: " + path + ": cannot be opened");
  std::string text(kMostSettingsBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) throw Error(ExitCode::kIo, "--config: " + path + ": reading failed");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMostSettingsBytes) {
    throw UsageError("--config: " + path + ": has more than " + std::to_string(kMostSettingsBytes) +
                     " bytes, expected settings");
  }
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
  std::istringstream text(read_settings(path));
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(text);
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
