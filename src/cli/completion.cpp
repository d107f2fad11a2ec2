// SPDX-License-Identifier: Apache-2.0
// Writes completion scripts.
#include "cli/completion.hpp"

#include <string_view>

#include <fmt/format.h>

namespace slalom::cli {
namespace {

/// `text` with a backslash before each of `special`.
std::string escaped(const std::string& text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

/// Within single quotes of bash and zsh.
std::string in_quotes(const std::string& text) {
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// What can stand at the place of a command: the commands and the program's own flags.
std::string first_words(const std::vector<CommandDoc>& commands) {
  std::vector<std::string> words;
  for (std::size_t i = 1; i < commands.size(); ++i) words.push_back(commands[i].name);
  for (const FlagDoc& flag : commands.front().flags) words.insert(words.end(), flag.names.begin(), flag.names.end());
  return fmt::format("{}", fmt::join(words, " "));
}

/// The argument of a command that goes without a flag; nullptr: there is none.
const FlagDoc* positional_of(const CommandDoc& command) {
  for (const FlagDoc& flag : command.flags) {
    if (!flag.positional.empty()) return &flag;
  }
  return nullptr;
}

std::string bash_command(const CommandDoc& command) {
  std::vector<std::string> flags, files, numbers;
  std::string cases;
  for (const FlagDoc& flag : command.flags) {
    flags.insert(flags.end(), flag.names.begin(), flag.names.end());
    if (flag.value.empty() || flag.names.empty()) continue;
    if (!flag.choices.empty()) {
      cases += fmt::format("        {}) values='{}' ;;\n", fmt::join(flag.names, " | "), fmt::join(flag.choices, " "));
    } else {
      std::vector<std::string>& list = flag.takes_number() ? numbers : files;
      list.insert(list.end(), flag.names.begin(), flag.names.end());
    }
  }
  if (!files.empty()) cases += fmt::format("        {}) kind=file ;;\n", fmt::join(files, " | "));
  if (!numbers.empty()) cases += fmt::format("        {}) kind=number ;;\n", fmt::join(numbers, " | "));
  const FlagDoc* positional = positional_of(command);
  std::string text = fmt::format("    {})\n      flags='{}'\n", command.name, fmt::join(flags, " "));
  if (positional != nullptr && !positional->choices.empty()) {
    text += fmt::format("      arguments='{}'\n", fmt::join(positional->choices, " "));
  } else if (positional != nullptr) {
    text += "      kind=argument\n";
  }
  if (!cases.empty()) text += "      case $previous in\n" + cases + "      esac\n";
  return text + "      ;;\n";
}

/// Of zsh's _arguments: what follows the flag.
std::string zsh_value(const FlagDoc& flag) {
  if (!flag.choices.empty()) return fmt::format(":value:({})", fmt::join(flag.choices, " "));
  return flag.takes_number() ? ":number:" : ":file:_files";
}

std::string zsh_flags(const CommandDoc& command, const std::string& indent) {
  std::string text;
  for (const FlagDoc& flag : command.flags) {
    for (const std::string& name : flag.names) {
      const bool equals = !flag.value.empty() && name.starts_with("--");
      const std::string spec = fmt::format("{}{}{}[{}]{}", flag.repeats ? "*" : "", name, equals ? "=" : "",
                                           escaped(flag.help, "[]\\"), flag.value.empty() ? "" : zsh_value(flag));
      text += fmt::format(" \\\n{}{}", indent, in_quotes(spec));
    }
    if (!flag.positional.empty()) text += fmt::format(" \\\n{}{}", indent, in_quotes("1" + zsh_value(flag)));
  }
  return text;
}

std::string fish_flag(const std::string& condition, const FlagDoc& flag) {
  std::string text = fmt::format("complete -c slalom -n '{}'", condition);
  for (const std::string& name : flag.names) {
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!flag.choices.empty()) {
    text += fmt::format(" -x -a '{}'", fmt::join(flag.choices, " "));
  } else if (!flag.value.empty()) {
    text += flag.takes_number() ? " -x" : " -r -F";
  }
  return text + fmt::format(" -d '{}'\n", escaped(flag.help, "'\\"));
}

std::string first_line(const char* comment, const char* shell) {
  return fmt::format("{} Completion of slalom for {}; written by: slalom completion {}\n", comment, shell, shell);
}

}  // namespace

std::string bash_completion(const std::vector<CommandDoc>& commands) {
  std::string text = first_line("#", "bash");
  text += fmt::format(R"(_slalom() {{
  local word=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local flags='' values='' arguments='' kind=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '{}' -- "$word"))
    return
  fi
  # bash makes three words of --flag=value
  if [[ $word == '=' ]]; then
    word=''
  elif [[ $previous == '=' ]]; then
    previous=${{COMP_WORDS[COMP_CWORD - 2]}}
  fi
  case ${{COMP_WORDS[1]}} in
)",
                      first_words(commands));
  for (std::size_t i = 1; i < commands.size(); ++i) text += bash_command(commands[i]);
  return text + R"(  esac
  if [[ -n $values ]]; then
    COMPREPLY=($(compgen -W "$values" -- "$word"))
  elif [[ $kind == file || ($kind == argument && $word != -*) ]]; then
    compopt -o default 2>/dev/null
  elif [[ $kind != number ]]; then
    COMPREPLY=($(compgen -W "$arguments $flags" -- "$word"))
  fi
}
complete -F _slalom slalom
)";
}

std::string zsh_completion(const std::vector<CommandDoc>& commands) {
  std::string text = "#compdef slalom\n" + first_line("#", "zsh");
  text += "_slalom() {\n  local context state state_descr line\n  typeset -A opt_args\n  local -a commands=(\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += "    " + in_quotes(commands[i].name + ":" + escaped(commands[i].help, "\\")) + "\n";
  }
  text += "  )\n  _arguments -C" + zsh_flags(commands.front(), "    ");
  text += " \\\n    '1:command:->command' \\\n    '*::argument:->argument'\n";
  text += "  case $state in\n    command) _describe command commands ;;\n    argument)\n      case $words[1] in\n";
  for (std::size_t i = 1; i < commands.size(); ++i) {
    text += fmt::format("        {})\n          _arguments{}\n          ;;\n", commands[i].name,
                        zsh_flags(commands[i], "            "));
  }
  return text + R"(      esac
      ;;
  esac
}
if [[ $funcstack[1] == _slalom ]]; then
  _slalom "$@"
else
  compdef _slalom slalom
fi
)";
}

std::string fish_completion(const std::vector<CommandDoc>& commands) {
  std::string text = first_line("#", "fish") + "complete -c slalom -f\n";
  for (const FlagDoc& flag : commands.front().flags) text += fish_flag("__fish_use_subcommand", flag);
  for (std::size_t i = 1; i < commands.size(); ++i) {
    const CommandDoc& command = commands[i];
    text += fmt::format("complete -c slalom -n '__fish_use_subcommand' -a {} -d '{}'\n", command.name,
                        escaped(command.help, "'\\"));
    const std::string condition = "__fish_seen_subcommand_from " + command.name;
    for (const FlagDoc& flag : command.flags) {
      if (!flag.names.empty()) text += fish_flag(condition, flag);
      if (flag.positional.empty()) continue;
      text += fmt::format("complete -c slalom -n '{}' ", condition);
      text += flag.choices.empty() ? "-F\n" : fmt::format("-a '{}'\n", fmt::join(flag.choices, " "));
    }
  }
  return text;
}

}  // namespace slalom::cli
