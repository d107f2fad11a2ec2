// SPDX-License-Identifier: Apache-2.0
// A command-line option that takes one of an enumeration's names.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <slalom/config.hpp>

namespace slalom::cli {

/// Accepts these words only; the help lists them.
inline CLI::Validator one_of(const std::vector<std::string>& words) {
  return {[words](const std::string& text) {
            if (std::find(words.begin(), words.end(), text) != words.end()) return std::string{};
            return "found '" + text + "', expected one of " + CLI::detail::join(words, ", ");
          },
          "{" + CLI::detail::join(words, ",") + "}"};
}

/// The names of all values, in order.
template <class Enum>
std::vector<std::string> enum_names() {
  std::vector<std::string> names;
  names.reserve(EnumNames<Enum>::kNames.size());
  for (const auto& [value, name] : EnumNames<Enum>::kNames) names.emplace_back(name);
  return names;
}

/// Adds `flag` with the names of Enum as its only values; shows the current value of `target` as the default.
template <class Enum, class Setter>
CLI::Option* add_enum_option(CLI::App& app, const std::string& flag, Setter setter, const std::string& help,
                             const std::string& shown_default) {
  CLI::Option* option = app.add_option_function<std::string>(
      flag, [setter](const std::string& name) { setter(*find_by_name<Enum>(name)); }, help);
  option->check(one_of(enum_names<Enum>()));
  if (!shown_default.empty()) option->default_str(shown_default);
  return option;
}

template <class Enum>
CLI::Option* add_enum_option(CLI::App& app, const std::string& flag, Enum& target, const std::string& help) {
  return add_enum_option<Enum>(
      app, flag, [&target](Enum value) { target = value; }, help, std::string(name_of(target)));
}

}  // namespace slalom::cli
