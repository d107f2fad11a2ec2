// SPDX-License-Identifier: Apache-2.0
// The manual page and the completion scripts: complete, and taken by the programs that they are for.
#include <set>
#include <sstream>
#include <vector>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class ShellHelp : public CommandLine {
 protected:
  std::string output_of(const std::string& arguments) const {
    const Outcome run = slalom(arguments);
    EXPECT_EQ(run.status, 0) << run.err;
    return run.out;
  }

  bool has(const std::string& program) const { return shell("command -v " + program).status == 0; }

  /// The names below "Subcommands:" of --help.
  std::vector<std::string> commands() const {
    std::istringstream help(output_of("--help"));
    std::vector<std::string> names;
    bool below = false;
    for (std::string line; std::getline(help, line);) {
      if (below && line.starts_with("  ") && line[2] != ' ') names.push_back(line.substr(2, line.find(' ', 2) - 2));
      below = below || line == "Subcommands:";
    }
    EXPECT_GE(names.size(), 11U);
    return names;
  }

  /// The long flags that begin a line of a command's --help.
  std::vector<std::string> flags(const std::string& command) const {
    std::istringstream help(output_of(command + " --help"));
    std::vector<std::string> names;
    for (std::string line; std::getline(help, line);) {
      const std::size_t at = line.find("--");
      if (!line.starts_with("  -") || at > 5) continue;
      names.push_back(line.substr(at, line.find(' ', at) - at));
    }
    EXPECT_FALSE(names.empty()) << command;
    return names;
  }

  /// What bash offers for the last of `words`.
  std::set<std::string> completed(const std::string& words) const {
    const Outcome run =
        shell("bash --norc -c 'source slalom.bash; COMP_WORDS=(" + words +
              "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _slalom; printf \"%s\\n\" \"${COMPREPLY[@]}\"'");
    EXPECT_EQ(run.err, "");
    std::istringstream lines(run.out);
    std::set<std::string> offered;
    for (std::string line; std::getline(lines, line);) {
      if (!line.empty()) offered.insert(line);
    }
    return offered;
  }
};

using Words = std::set<std::string>;

TEST_F(ShellHelp, BashCompletesCommandsFlagsAndValues) {
  write("slalom.bash", output_of("completion bash"));
  EXPECT_EQ(completed("slalom tr"), Words{"train"});
  EXPECT_EQ(completed("slalom --v"), Words{"--version"});
  EXPECT_EQ(completed("slalom train --hid"), Words{"--hidden"});
  EXPECT_EQ(completed("slalom train --data x.csv --model \"\""), (Words{"linear", "logistic", "softmax", "mlp"}));
  EXPECT_EQ(completed("slalom train --optimizer adam"), (Words{"adam", "adamw"}));
  EXPECT_EQ(completed("slalom train --model = m"), Words{"mlp"});  // as bash splits --model=m
  EXPECT_EQ(completed("slalom train --model ="), (Words{"linear", "logistic", "softmax", "mlp"}));
  EXPECT_EQ(completed("slalom train --epochs \"\""), Words{});
  EXPECT_EQ(completed("slalom completion f"), Words{"fish"});
  EXPECT_EQ(completed("slalom inspect --h"), Words{"--help"});
}

TEST_F(ShellHelp, BashCompletesEveryCommandAndFlagOfTheHelp) {
  write("slalom.bash", output_of("completion bash"));
  const Words first = completed("slalom \"\"");
  for (const std::string& command : commands()) {
    EXPECT_TRUE(first.contains(command)) << command;
    const Words offered = completed("slalom " + command + " -");
    for (const std::string& flag : flags(command)) EXPECT_TRUE(offered.contains(flag)) << command << " " << flag;
  }
}

TEST_F(ShellHelp, BashOffersFilesOnATerminal) {
  if (!has("script")) GTEST_SKIP() << "no program 'script' here, which makes terminals";
  write("slalom.bash", output_of("completion bash"));
  write("only-one.csv", "");
  write("keys", "slalom train --data only\t\nexit\n");
  write("start", "source slalom.bash\nslalom() { echo \"$@\" > typed; }\n");
  const Outcome run = shell("(timeout 20 script -qec 'bash --noprofile --rcfile start -i' /dev/null < keys)");
  EXPECT_EQ(read("typed"), "train --data only-one.csv\n") << run.out;
}

TEST_F(ShellHelp, ZshTakesItsScript) {
  const std::string script = output_of("completion zsh");
  write("_slalom", script);
  for (const std::string& command : commands()) {
    EXPECT_NE(script.find("'" + command + ":"), std::string::npos) << command;
    for (const std::string& flag : flags(command)) EXPECT_NE(script.find(flag), std::string::npos) << flag;
  }
  if (!has("zsh")) GTEST_SKIP() << "no zsh here (scripts/setup.sh --dev installs it)";
  const Outcome run = shell("zsh -n _slalom");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
}

TEST_F(ShellHelp, FishCompletesFlagsAndValues) {
  const std::string script = output_of("completion fish");
  write("slalom.fish", script);
  for (const std::string& command : commands()) {
    for (const std::string& flag : flags(command)) {
      EXPECT_NE(script.find(" -l " + flag.substr(2) + " "), std::string::npos) << command << " " << flag;
    }
  }
  if (!has("fish")) GTEST_SKIP() << "no fish here (scripts/setup.sh --dev installs it)";
  const Outcome parsed = shell("fish -n slalom.fish");
  EXPECT_EQ(parsed.status, 0) << parsed.err;
  const Outcome run = shell(
      "HOME=\"$PWD\" fish -c 'source slalom.fish; complete -C \"slalom train --model m\"; complete -C \"slalom tu\"'");
  EXPECT_NE(run.out.find("mlp"), std::string::npos) << run.out << run.err;
  EXPECT_NE(run.out.find("tune\tFind the batch size"), std::string::npos) << run.out;
}

TEST_F(ShellHelp, ManualPageHasEverythingAndNoWarnings) {
  write("slalom.1", output_of("man"));
  if (!has("groff")) GTEST_SKIP() << "no groff here";
  const Outcome page = shell("GROFF_NO_SGR=1 groff -man -Tascii -ww -rLL=200n -P-bou slalom.1");
  EXPECT_EQ(page.status, 0);
  EXPECT_EQ(page.err, "");
  for (const std::string& command : commands()) {
    const std::size_t at = page.out.find("\n   slalom " + command + "\n");
    ASSERT_NE(at, std::string::npos) << command;
    const std::string section = page.out.substr(at, page.out.find("\n   slalom ", at + 1) - at);
    for (const std::string& flag : flags(command)) {
      EXPECT_NE(section.find(flag), std::string::npos) << command << " " << flag;
    }
  }
  for (const char* text :
       {"Widths of the hidden layers", "One of: linear, logistic, softmax, mlp.", "Default: 64.", "EXIT STATUS"}) {
    EXPECT_NE(page.out.find(text), std::string::npos) << text;
  }
}

TEST_F(ShellHelp, RefusesAnUnknownShell) {
  expect_error("completion tcsh", 64,
               "shell: found 'tcsh', expected one of bash, zsh, fish (see 'slalom completion --help')", "none");
}

}  // namespace
}  // namespace slalom::testing
