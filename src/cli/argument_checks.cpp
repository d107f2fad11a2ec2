// SPDX-License-Identifier: Apache-2.0
// Validators for the numbers, texts and lists of the command line.
#include "cli/argument_checks.hpp"

#include <charconv>
#include <string_view>

#include <CLI/CLI.hpp>

namespace slalom::cli {
namespace {

enum class Parse { kOk, kNotOne, kOutOfRange };

/// Reads all of `text` as a T in plain notation; a leading plus is allowed.
template <class T>
Parse parse(std::string_view text, T& value) {
  if (text.starts_with('+')) text.remove_prefix(text.starts_with("+-") ? 0 : 1);
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (stop != text.data() + text.size() || text.empty()) return Parse::kNotOne;
  if (error == std::errc::result_out_of_range) return Parse::kOutOfRange;
  return error == std::errc{} ? Parse::kOk : Parse::kNotOne;
}

template <class T>
std::optional<T> parsed(const std::string& text) {
  T value{};
  return parse(text, value) == Parse::kOk ? std::optional<T>(value) : std::nullopt;
}

/// CLI11's form of a check: empty text for yes, else what is wrong.
template <class T>
std::string complaint(const std::string& text, const std::string& kind, const std::string& range) {
  T value{};
  const Parse outcome = parse(text, value);
  if (outcome == Parse::kOk) return {};
  return "found '" + text + "', expected " + kind + (outcome == Parse::kOutOfRange ? range : "");
}

std::string check_value(const std::string& type, const std::string& text) {
  if (text.empty()) return "found an empty value";
  if (type.starts_with("UINT")) {
    return complaint<std::uint64_t>(text, "a whole number >= 0", ", at most 18446744073709551615");
  }
  if (type.starts_with("INT")) return complaint<std::int64_t>(text, "a whole number", " of at most 64 bits");
  if (type.starts_with("FLOAT")) return complaint<double>(text, "a number", " that a float64 can hold");
  return {};
}

}  // namespace

std::optional<std::int64_t> parse_whole(const std::string& text) { return parsed<std::int64_t>(text); }
std::optional<double> parse_number(const std::string& text) { return parsed<double>(text); }

void add_argument_checks(CLI::App& app) {
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_expected_max() == 0) continue;  // a flag
      if (option->get_expected_max() > 1 && !option->get_positional()) option->allow_extra_args(false);
      const std::string type = option->get_type_name();
      option->check(CLI::Validator([type](const std::string& text) { return check_value(type, text); }, std::string{}));
    }
  }
}

}  // namespace slalom::cli
