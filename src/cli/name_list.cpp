// SPDX-License-Identifier: Apache-2.0
// Splits and joins lists of column names.
#include "cli/name_list.hpp"

#include <utility>

#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

namespace slalom::cli {

std::vector<std::string> split_names(const std::string& flag, std::string_view text) {
  std::vector<std::string> names(1);
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') {
      const bool doubled = in_quotes && i + 1 < text.size() && text[i + 1] == '"';
      if (doubled) {
        names.back() += '"';
        ++i;
      } else {
        in_quotes = !in_quotes;
      }
    } else if (c == ',' && !in_quotes) {
      names.emplace_back();
    } else {
      names.back() += c;
    }
  }
  if (in_quotes) throw UsageError(flag + ": found " + std::string(text) + ", expected every quote to be closed");
  for (const std::string& name : names) {
    if (name.empty()) throw UsageError(flag + ": found " + std::string(text) + ", expected a name beside every comma");
  }
  return names;
}

std::string quoted_name(const std::string& name) {
  if (name.find_first_of(",\"") == std::string::npos) return name;
  std::string text = "\"";
  for (const char c : name) text += c == '"' ? std::string("\"\"") : std::string(1, c);
  return text + '"';
}

CLI::Option* add_name_list(CLI::App& app, const std::string& flag,
                           const std::function<void(std::vector<std::string>)>& take, const std::string& help) {
  return app.add_option_function<std::vector<std::string>>(
      flag,
      [flag, take](const std::vector<std::string>& texts) {
        std::vector<std::string> names;
        for (const std::string& text : texts) {
          for (std::string& name : split_names(flag, text)) names.push_back(std::move(name));
        }
        take(std::move(names));
      },
      help);
}

CLI::Option* add_name_list(CLI::App& app, const std::string& flag, std::vector<std::string>& target,
                           const std::string& help) {
  return add_name_list(
      app, flag, [&target](std::vector<std::string> names) { target = std::move(names); }, help);
}

}  // namespace slalom::cli
