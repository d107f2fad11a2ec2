// SPDX-License-Identifier: Apache-2.0
// Reads settings off a parsed command.
#include "cli/settings.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/argument_checks.hpp"

namespace slalom::cli {
namespace {

std::string value_of(const CLI::Option& option) {
  if (option.get_expected_max() == 0) return option.count() > 0 ? "true" : "false";
  return option.count() > 0 ? CLI::detail::join(option.results(), ",") : option.get_default_str();
}

/// As it is where that is safe, else in single quotes.
std::string shell_word(const std::string& word) {
  constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace

std::vector<Setting> settings_of(const CLI::App& command) {
  std::vector<Setting> settings;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_lnames().empty() || option == command.get_help_ptr()) continue;
    const std::string value = value_of(*option);
    if (!value.empty())
      settings.push_back({option->get_lnames().front(), option->get_group(), value, option->count() > 0});
  }
  return settings;
}

report::HyperParameters hyperparameters(const std::vector<Setting>& settings) {
  report::HyperParameters values;
  for (const Setting& s : settings) {
    if (s.group != "Model" && s.group != "Optimizer" && s.group != "Schedule" && s.group != "Run") continue;
    report::HyperParameter value = s.value;
    if (s.value == "true" || s.value == "false") value = s.value == "true";
    if (const std::optional<double> number = parse_number(s.value)) value = *number;
    values.emplace_back(s.name, value);
  }
  return values;
}

std::string settings_text(const std::vector<Setting>& settings) {
  std::size_t width = 0;
  for (const Setting& setting : settings) width = std::max(width, setting.name.size());
  std::string text;
  for (const Setting& setting : settings) {
    text += fmt::format("{}{:<{}} = {}", text.empty() ? "" : "\n", setting.name, width, setting.value);
  }
  return text;
}

std::string shell_command(int argc, const char* const* argv) {
  std::string text;
  for (int i = 0; i < argc; ++i) text += (i == 0 ? "" : " ") + shell_word(argv[i]);
  return text;
}

}  // namespace slalom::cli
