// SPDX-License-Identifier: Apache-2.0
// The slalom binary: parses the command line, runs a command, and turns errors into exit codes.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>
#include <slalom/version.hpp>

#include "cli/argument_checks.hpp"
#include "cli/command.hpp"
#include "cli/config_file.hpp"
#include "cli/enum_option.hpp"
#include "cli/last_resort.hpp"
#include "cli/parse_errors.hpp"
#include "cli/settings.hpp"

namespace slalom::cli {

std::atomic<bool> stop_requested{false};

namespace {

int exit_status = 0;
text::ColourChoice colour_choice = text::ColourChoice::kAuto;

/// The first signal asks for a clean end; the second ends the process at once.
extern "C" void on_signal(int signal) {
  if (stop_requested.exchange(true)) {
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
}

int fail(ExitCode code, const std::string& message) {
  const text::Style style = style_of(stderr);
  fmt::print(stderr, "{} {}\n", style.paint(text::Tone::kError, "slalom:"),
             text::printable_lines(message, style.charset));
  return static_cast<int>(code);
}

int fail_output() { return fail(ExitCode::kIo, "standard output: writing failed (disk full, or the reader is gone)"); }

}  // namespace

void set_exit_status(int status) { exit_status = status; }

text::Style style_of(std::FILE* stream) { return text::Style::of(stream, colour_choice); }

void print_json(const std::string& json) { fmt::print("{}\n", text::printable_json(json)); }

void print_line(std::FILE* stream, const std::string& line) {
  fmt::print(stream, "{}\n", text::printable(line, style_of(stream).charset));
}

void print_note(const std::string& note) {
  const text::Style style = style_of(stderr);
  fmt::print(stderr, "{} {}\n", style.paint(text::Tone::kNote, "note:"), text::printable(note, style.charset));
}

void print_notes(const Notes& notes) {
  for (const std::string& note : notes) print_note(note);
}

namespace {

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  return names;
}

/// --color, for the errors of a command line that cannot be parsed as well.
void find_colour_choice(const std::vector<std::string>& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    const std::string value = word == "--color" && i + 1 < arguments.size() ? arguments[i + 1]
                              : word.starts_with("--color=")                ? word.substr(8)
                                                                            : "";
    if (const auto choice = find_by_name<text::ColourChoice>(value)) colour_choice = *choice;
  }
}

int run(int argc, char** argv) {
  CLI::App app{"Trains linear, logistic, softmax models and multi-layer perceptrons by mini-batch gradient descent.",
               "slalom"};
  app.set_version_flag("--version", fmt::format("slalom {}", kVersion));
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  const std::string command_line = shell_command(argc, argv);
  add_train(app, command_line);
  add_tune(app, command_line);
  add_lr_find(app);
  add_predict(app);
  add_evaluate(app);
  add_inspect(app);
  add_export(app);
  add_report(app);
  add_landscape(app, command_line);
  add_devices(app);
  add_demo(app, argv[0]);
  add_completion(app);
  add_man(app);
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    add_enum_option(*command, "--color", colour_choice,
                    "Colours: auto (on terminals that have them, unless NO_COLOR is set), always, never");
  }
  add_argument_checks(app);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  find_colour_choice(arguments);
  const bool names_command = !arguments.empty() && !arguments[0].empty() && arguments[0][0] != '-';
  const std::string command = names_command ? arguments[0] : "";
  const std::vector<std::string> commands = command_names(app);
  if (arguments.empty()) {
    return fail(ExitCode::kUsage,
                fmt::format("found no command, expected one of {} (see 'slalom --help')", fmt::join(commands, ", ")));
  }
  if (names_command && std::find(commands.begin(), commands.end(), command) == commands.end()) {
    return fail(ExitCode::kUsage,
                fmt::format("found the command '{}', expected one of {}", command, fmt::join(commands, ", ")));
  }
  try {
    arguments = expand_config(std::move(arguments));
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::FileError& error) {
    return fail(ExitCode::kNoInput, error.what());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help, --version
    return fail(ExitCode::kUsage, fmt::format("{} (see 'slalom{} --help')", describe_parse_error(app, error),
                                              names_command ? " " + command : ""));
  }
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) return fail_output();
  return exit_status;
}

}  // namespace
}  // namespace slalom::cli

namespace {

int run_and_report(int argc, char** argv) {
  using slalom::ExitCode;
  try {
    return slalom::cli::run(argc, argv);
  } catch (const slalom::Error& error) {
    return slalom::cli::fail(error.code(), error.what());
  } catch (const std::bad_alloc&) {
    slalom::cli::print_out_of_memory();
    return static_cast<int>(ExitCode::kDevice);
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) != 0) return slalom::cli::fail_output();
    if (error.code() == std::errc::not_enough_memory) {
      slalom::cli::print_out_of_memory();
      return static_cast<int>(ExitCode::kDevice);
    }
    return slalom::cli::fail(ExitCode::kDevice, error.what());
  } catch (const std::exception& error) {
    return slalom::cli::fail(ExitCode::kSoftware, fmt::format("internal error: {}", error.what()));
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGINT, slalom::cli::on_signal);
  std::signal(SIGTERM, slalom::cli::on_signal);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);  // writing then fails, with a reason
  slalom::cli::install_last_resort();
  const int status = run_and_report(argc, argv);
  slalom::cli::remove_last_resort();
  slalom::cli::end_within_limit(status);
  return status;
}
