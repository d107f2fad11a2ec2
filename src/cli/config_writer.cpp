// SPDX-License-Identifier: Apache-2.0
// Turns flags into a TOML file's entries.
#include "cli/config_writer.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

namespace slalom::cli {
namespace {

std::string quoted(const std::string& flag, const std::string& value) {
  const bool has_double = value.find('"') != std::string::npos;
  const bool has_single = value.find('\'') != std::string::npos;
  if ((has_double && has_single) || value.find('\n') != std::string::npos) {
    throw UsageError("--out-config: the value of --" + flag + " cannot be written: " + value);
  }
  const char quote = has_double ? '\'' : '"';
  return quote + value + quote;
}

}  // namespace

FlagValues shared_flags(const CLI::App& command, const CLI::App& other, const std::vector<std::string>& without) {
  FlagValues flags;
  for (const CLI::Option* option : command.get_options()) {
    if (option->count() == 0 || option->get_lnames().empty()) continue;
    const std::string& name = option->get_lnames().front();
    const bool excluded = std::find(without.begin(), without.end(), name) != without.end();
    if (excluded || other.get_option_no_throw("--" + name) == nullptr) continue;
    const bool valueless = option->get_expected_max() == 0;
    flags.emplace_back(name, valueless ? std::vector<std::string>{"true"} : option->results());
  }
  return flags;
}

std::string config_text(const std::vector<std::string>& comments, const FlagValues& flags) {
  std::string text;
  for (const std::string& comment : comments) text += fmt::format("# {}\n", comment);
  for (const auto& [name, values] : flags) {
    if (values.size() == 1) {
      text += fmt::format("{} = {}\n", name, values[0] == "true" ? values[0] : quoted(name, values[0]));
      continue;
    }
    std::string list;
    for (const std::string& value : values) list += fmt::format("{}{}", list.empty() ? "" : ", ", quoted(name, value));
    text += fmt::format("{} = [{}]\n", name, list);
  }
  return text;
}

}  // namespace slalom::cli
