// SPDX-License-Identifier: Apache-2.0
// The README's commands work as they stand there, and print what it shows.
#include <fstream>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

/// A command of the README and the lines shown below it.
struct Example {
  std::string arguments;
  std::vector<std::string> shown;
};

/// The `$ slalom ...` lines of code blocks, and scripts/demo.sh for the demo that it runs.
std::vector<Example> examples(const std::string& path) {
  std::ifstream file(path);
  std::vector<Example> found;
  bool in_block = false, in_example = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      in_block = !in_block;
      in_example = false;
    } else if (in_block && line.starts_with("$ ")) {
      in_example = line.starts_with("$ slalom ") || line == "$ scripts/demo.sh";
      if (in_example) found.push_back({line == "$ scripts/demo.sh" ? "demo" : line.substr(9), {}});
    } else if (in_example) {
      found.back().shown.push_back(line);
    }
  }
  return found;
}

/// Lines that differ from run to run (times) or from machine to machine (networks), or stand for others.
bool varies(const std::string& line) {
  if (line.empty() || line == "...") return true;
  for (const char* mark : {"samples/s", " us a step", "bound by ", "network ", "linear  "}) {
    if (line.find(mark) != std::string::npos) return true;
  }
  return false;
}

using Readme = CommandLine;

TEST_F(Readme, CommandsPrintWhatItShows) {
  const std::vector<Example> all = examples(SLALOM_README);
  ASSERT_GE(all.size(), 5U);
  for (const Example& example : all) {
    const Outcome run = slalom(example.arguments);
    ASSERT_EQ(run.status, 0) << example.arguments << ": " << run.err;
    int compared = 0;
    for (const std::string& line : example.shown) {
      if (varies(line)) continue;
      ++compared;
      EXPECT_NE(("\n" + run.out + run.err).find("\n" + line + "\n"), std::string::npos)
          << "slalom " << example.arguments << " does not print\n"
          << line << "\nbut\n"
          << run.out << run.err;
    }
    EXPECT_GT(compared, 0) << example.arguments;
  }
}

}  // namespace
}  // namespace slalom::testing
