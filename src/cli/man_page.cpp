// SPDX-License-Identifier: Apache-2.0
// Writes commands and flags with troff's man macros.
#include "cli/man_page.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>

#include <slalom/error.hpp>
#include <slalom/version.hpp>

namespace slalom::cli {
namespace {

/// Text that troff prints as it stands: hyphens stay ASCII (flags can be copied), and no line is taken for a request.
std::string plain(const std::string& text) {
  std::string escaped = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) {
    switch (c) {
      case '\\': escaped += "\\e"; break;
      case '-': escaped += "\\-"; break;
      case '\'': escaped += "\\(aq"; break;
      case '`': escaped += "\\(ga"; break;
      case '^': escaped += "\\(ha"; break;
      case '~': escaped += "\\(ti"; break;
      case '\n': escaped += "\n.br\n"; break;
      default: escaped += c;
    }
  }
  return escaped;
}

std::string bold(const std::string& text) { return "\\fB" + plain(text) + "\\fR"; }

/// Name, value, then facts and help below: a tagged paragraph.
std::string flag_text(const FlagDoc& flag) {
  std::string names;
  for (const std::string& name : flag.names) names += (names.empty() ? "" : ", ") + bold(name);
  if (names.empty()) names = bold(flag.positional);
  if (!flag.value.empty()) names += fmt::format(" \\fI{}\\fR{}", flag.value, flag.repeats ? " ..." : "");
  std::string text = ".TP\n" + names + "\n" + plain(flag.help);
  if (!flag.choices.empty()) text += "\n.br\nOne of: " + plain(fmt::format("{}", fmt::join(flag.choices, ", "))) + ".";
  if (!flag.preset.empty()) text += "\n.br\nDefault: " + plain(flag.preset) + ".";
  if (flag.required) text += "\n.br\nRequired.";
  return text + "\n";
}

std::string command_text(const CommandDoc& command) {
  std::string text = ".SS " + plain("slalom " + command.name) + "\n" + plain(command.help) + ".\n";
  std::string group;
  for (const FlagDoc& flag : command.flags) {
    if (flag.group != group) text += ".PP\n" + bold(flag.group) + "\n";
    group = flag.group;
    text += flag_text(flag);
  }
  return text;
}

/// What the codes of slalom::ExitCode mean.
constexpr std::array<std::pair<ExitCode, const char*>, 10> kExitCodes{
    {{ExitCode::kSuccess, "It worked."},
     {ExitCode::kUsage, "A flag or a combination of flags is wrong."},
     {ExitCode::kData, "An input was read, but its content cannot be used, or training diverged."},
     {ExitCode::kNoInput, "An input file is missing or cannot be opened."},
     {ExitCode::kUnavailable, "The requested device is not there."},
     {ExitCode::kSoftware, "A defect in slalom itself."},
     {ExitCode::kDevice, "A call to a device or to the operating system failed, or memory ran out."},
     {ExitCode::kCannotCreate, "An output file cannot be created."},
     {ExitCode::kIo, "Reading or writing failed half\\-way."},
     {ExitCode::kInterrupted, "Stopped by Ctrl\\-C or SIGTERM, after writing what was done."}}};

}  // namespace

std::string man_page(const std::vector<CommandDoc>& commands) {
  const CommandDoc& program = commands.front();
  std::string text = fmt::format(".TH SLALOM 1 \"\" \"slalom {}\" \"User Commands\"\n", kVersion);
  text += ".SH NAME\nslalom \\- mini\\-batch gradient\\-descent trainer\n.SH SYNOPSIS\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += (i == 1 ? "" : ".br\n") + bold("slalom " + commands[i].name) + " [\\fIOPTIONS\\fR]";
    for (const FlagDoc& flag : commands[i].flags) {
      if (!flag.positional.empty()) text += " \\fI" + plain(flag.positional) + "\\fR";
    }
    text += '\n';
  }
  text += ".SH DESCRIPTION\n" + plain(program.help) + "\n.SH OPTIONS\n";
  for (const FlagDoc& flag : program.flags) text += flag_text(flag);
  text += ".SH COMMANDS\n";
  for (std::size_t i = 1; i < commands.size(); ++i) text += command_text(commands[i]);
  text += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : kExitCodes) text += fmt::format(".TP\n{}\n{}\n", static_cast<int>(code), meaning);
  return text;
}

}  // namespace slalom::cli
