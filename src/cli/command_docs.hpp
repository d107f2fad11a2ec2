// SPDX-License-Identifier: Apache-2.0
// The command line's definition as plain values, for what is generated from it.
#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace slalom::cli {

/// A flag, or an argument without a flag.
struct FlagDoc {
  std::vector<std::string> names;    ///< "-h", "--help"; empty: it goes without a flag only
  std::string positional;            ///< its name as an argument without a flag; empty: it needs its flag
  std::string value;                 ///< "INT", "FLOAT", "TEXT"; empty: the flag takes none
  bool repeats = false;              ///< takes several values
  std::vector<std::string> choices;  ///< the only values; empty: any
  std::string preset;                ///< default value; may be empty
  std::string help, group;
  bool required = false;

  [[nodiscard]] bool takes_number() const { return value == "INT" || value == "FLOAT" || value == "UINT"; }
};

struct CommandDoc {
  std::string name;  ///< empty: the program itself
  std::string help;
  std::vector<FlagDoc> flags;  ///< in the order of --help, group by group
};

/// The program itself, then its commands.
[[nodiscard]] std::vector<CommandDoc> command_docs(const CLI::App& app);

}  // namespace slalom::cli
