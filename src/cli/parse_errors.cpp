// SPDX-License-Identifier: Apache-2.0
// Words the errors of CLI11.
#include "cli/parse_errors.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include <CLI/CLI.hpp>

namespace slalom::cli {
namespace {

/// Levenshtein's distance: letters to insert, delete or replace.
std::size_t distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

/// The flag of `command` that begins with `word` or is nearest to it; empty if none is near. Both without dashes.
std::string nearest_flag(const CLI::App& command, std::string word) {
  std::replace(word.begin(), word.end(), '_', '-');
  std::string nearest;
  std::size_t least = word.size() / 3 + 2;  // a third of the letters may be wrong, and one more
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      const std::size_t d = word.size() >= 3 && name.starts_with(word) ? 0 : distance(word, name);
      if (d >= least) continue;
      least = d;
      nearest = name;
    }
  }
  return nearest;
}

std::string describe_unknown(const CLI::App& command, const std::string& word) {
  if (!word.starts_with('-')) return "found '" + word + "' without a flag before it";
  const std::string flag = word.substr(0, word.find('='));
  const std::size_t letters = std::min(flag.find_first_not_of('-'), flag.size());
  const std::string nearest = flag.size() - letters > 1 ? nearest_flag(command, flag.substr(letters)) : "";
  return flag + ": there is no such flag" + (nearest.empty() ? "" : "; did you mean --" + nearest + "?");
}

}  // namespace

std::string describe_parse_error(const CLI::App& app, const CLI::ParseError& error) {
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  // A misspelt flag often shows as a missing one, too.
  if (code == CLI::ExitCodes::ExtrasError || code == CLI::ExitCodes::RequiredError) {
    std::vector<const CLI::App*> levels{&app};
    for (const CLI::App* command : app.get_subcommands()) levels.push_back(command);
    for (const CLI::App* level : levels) {
      const std::vector<std::string> unknown = level->remaining();
      if (!unknown.empty()) return describe_unknown(*level, unknown.front());
    }
  }
  std::string text = error.what();
  if (code == CLI::ExitCodes::ArgumentMismatch) {  // "--flag: what CLI11 says"
    const bool repeated = text.find("received") != std::string::npos;
    return text.substr(0, text.find(':')) + (repeated ? ": found more than once" : ": found no value, expected one");
  }
  return text;
}

}  // namespace slalom::cli
