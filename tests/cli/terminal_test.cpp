// SPDX-License-Identifier: Apache-2.0
// What a terminal gets that a pipe does not, and what neither gets from a hostile file.
#include <cstdlib>
#include <sstream>
#include <vector>

#include "cli/command_line.hpp"
#include "support/pseudo_terminal.hpp"

namespace slalom::testing {
namespace {

constexpr char kEscape = '\x1b';
constexpr const char* kBlocks[] = {"▁", "█"};

class OnTerminal : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    for (const char* name : {"NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LC_ALL", "LC_CTYPE"}) unsetenv(name);
    setenv("TERM", "xterm-256color", 1);
    setenv("LANG", "C.UTF-8", 1);
    write("plane.csv", plane_csv(300));
  }

  /// Runs `slalom <arguments>` on a terminal; `before` goes before it in the shell.
  std::string screen(const std::string& arguments, int columns = 120, const std::string& before = "") const {
    const TerminalRun run =
        run_on_terminal("cd '" + folder().string() + "' && " + before + " '" SLALOM_BINARY "' " + arguments, columns);
    EXPECT_TRUE(run.started);
    return run.written;
  }

  static bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
};

constexpr const char* kTrain = "train --data plane.csv --target y --epochs 3 --lr 0.05 --out m.safetensors";

TEST_F(OnTerminal, TrainingHasColoursAndALiveLineWithACurve) {
  const std::string text = screen(kTrain);
  EXPECT_TRUE(has(text, "\r\x1b[K")) << text;
  EXPECT_TRUE(has(text, "\x1b[36m" + std::string(kBlocks[1]))) << text;  // the curve begins with the highest loss
  EXPECT_TRUE(has(text, "\x1b[1mtrain\x1b[0m")) << text;                 // a heading
  EXPECT_TRUE(has(without_colours(text), "model written to m.safetensors\r\n")) << text;
}

TEST_F(OnTerminal, TheLocaleDecidesAboutTheCurve) {
  const std::string text = screen(kTrain, 120, "LANG=C");
  EXPECT_TRUE(has(text, "\r\x1b[K")) << text;
  for (const char c : text) ASSERT_LT(static_cast<unsigned char>(c), 0x80) << text;
}

TEST_F(OnTerminal, TheUserDecidesAboutColours) {
  for (const char* before : {"NO_COLOR=1", "CLICOLOR=0"}) {
    const std::string text = screen(kTrain, 120, before);
    EXPECT_EQ(text, without_colours(text)) << before;
    EXPECT_TRUE(has(text, "\r\x1b[K")) << before;
  }
  EXPECT_TRUE(has(screen(std::string(kTrain) + " --color always", 120, "NO_COLOR=1"), "\x1b[1mtrain"));
  const std::string never = screen(std::string(kTrain) + " --color never");
  EXPECT_EQ(never, without_colours(never));
  write("never.toml", "color = \"never\"\n");
  const std::string settings = screen(std::string(kTrain) + " --config never.toml");
  EXPECT_EQ(settings, without_colours(settings));
  EXPECT_EQ(slalom("train --color sometimes").err,
            "slalom: --color: found 'sometimes', expected one of auto, always, never (see 'slalom train --help')\n");
}

TEST_F(OnTerminal, ADumbTerminalGetsPlainLines) {
  const std::string text = screen(kTrain, 120, "TERM=dumb");
  EXPECT_FALSE(has(text, std::string(1, kEscape))) << text;
  EXPECT_TRUE(has(text, "epoch 3/3  loss ")) << text;
}

TEST_F(OnTerminal, ErrorsNotesAndTheGuardAreColoured) {
  EXPECT_EQ(screen("train --data none.csv --target y"), "\x1b[1;31mslalom:\x1b[0m none.csv: no such file\r\n");
  EXPECT_TRUE(screen("train --colour red").starts_with("\x1b[1;31mslalom:\x1b[0m --colour: there is no such flag"));
  EXPECT_TRUE(screen("train --colour red --color never").starts_with("slalom: --colour: there is no such flag"));
  const std::string text = screen("train --data plane.csv --target y --epochs 6 --optimizer sgd --lr 1e5");
  EXPECT_TRUE(has(text, "\x1b[33mguard: ")) << text;
  EXPECT_TRUE(has(screen("predict --model m.safetensors --data plane.csv --out p.csv"), "\x1b[1;31mslalom:\x1b[0m"));
}

TEST_F(OnTerminal, APipeGetsNoEscapes) {
  const std::string data = " --data plane.csv --target y ";
  for (const std::string& arguments :
       {std::string(kTrain), "train --explain --epochs 6 --optimizer sgd --lr 1e5 --restarts 2" + data,
        "train --model mlp --hidden 4 --folds 2 --epochs 2" + data, "lr-find --json" + data,
        "tune --json --repeats 1 --epochs 2 --measure-time 0.01 --batch-sizes 16,64" + data,
        std::string("evaluate --model m.safetensors --data plane.csv"), std::string("inspect m.safetensors"),
        std::string("devices"), std::string("train --no-such-flag"), std::string("--help"),
        std::string("train --help")}) {
    const Outcome run = slalom(arguments);
    EXPECT_FALSE(run.out.empty() && run.err.empty()) << arguments;
    EXPECT_FALSE(has(run.out + run.err, std::string(1, kEscape))) << arguments << run.out << run.err;
    for (const char* block : kBlocks) EXPECT_FALSE(has(run.out + run.err, block)) << arguments;
  }
}

TEST_F(OnTerminal, APipeGetsColoursIfAskedFor) {
  EXPECT_TRUE(has(slalom("devices --color always").out, "\x1b[1mdevice\x1b[0m"));
  EXPECT_TRUE(has(shell("CLICOLOR_FORCE=1 '" SLALOM_BINARY "' devices").out, "\x1b[1mdevice\x1b[0m"));
}

TEST_F(OnTerminal, TablesAreNoWiderThanTheTerminal) {
  write("long.csv", "a column whose name is rather longer than most of them are,y\n1,2\n2,4\n3,5\n4,9\n5,11\n");
  ASSERT_EQ(
      slalom("train --data long.csv --target y --valid-fraction 0 --epochs 1 --out long.safetensors --quiet").status,
      0);
  const std::string wide = slalom("inspect long.safetensors").out;
  EXPECT_TRUE(has(wide, "a column whose name is rather longer than most of them are  number  ")) << wide;
  const std::string narrow = screen("inspect long.safetensors --color never", 50);
  EXPECT_TRUE(has(narrow, "…  number  ")) << narrow;
  std::istringstream lines(narrow);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 50U + 3U) << line;  // … has three bytes
}

/// Names that would clear the screen, set the window's title, turn text around, or pass for other lines.
constexpr const char* kHostile =
    "\"\x1b[2J\x1b]0;owned\x07\",\"\u009b31m\",\"\u202eecirp\",\"a\nslalom: all is well\",y\n";

TEST_F(OnTerminal, NamesInAFileCannotSendEscapes) {
  std::ostringstream csv;
  csv << kHostile;
  TestNumbers numbers(3);
  for (int i = 0; i < 80; ++i) {
    csv << numbers.next() << ',' << numbers.next() << ",\x1b[7m" << i % 3 << "\x1b[0m," << numbers.next() << ','
        << numbers.next() << '\n';
  }
  write("hostile.csv", csv.str());
  const std::string train = "train --data hostile.csv --target y --epochs 3 --json --out h.safetensors";
  const std::string continued = "train --data hostile.csv --init-from h.safetensors --epochs 2 --json --explain";
  const std::string missing = "train --data hostile.csv --target z";
  const std::string classes = "train --data hostile.csv --target 2 --model softmax --epochs 2 --out c.safetensors";
  for (const std::string& arguments :
       {train, continued, missing, classes, std::string("inspect h.safetensors"), std::string("inspect c.safetensors"),
        std::string("evaluate --model c.safetensors --data hostile.csv"),
        std::string("evaluate --model h.safetensors --data plane.csv")}) {
    const Outcome run = slalom(arguments);
    const std::string shown = screen(arguments + " --color never", 200, "TERM=dumb");
    for (const std::string& text : {run.out, run.err, shown}) {
      EXPECT_FALSE(has(text, std::string(1, kEscape))) << arguments << text;
      for (const char* bad : {"\u009b", "\u202e", "\x07"}) EXPECT_FALSE(has(text, bad)) << arguments << text;
      EXPECT_FALSE(has(text, "\nslalom: all is well")) << arguments << text;
    }
  }
  const std::string inspection = slalom("inspect h.safetensors").out;
  for (const char* name :
       {"\n\\x1b[2J\\x1b]0;owned\\x07  ", "\n\\u009b31m  ", "\n\\u202eecirp  ", "\na\\nslalom: all is well  "}) {
    EXPECT_TRUE(has(inspection, name)) << inspection;
  }
}

}  // namespace
}  // namespace slalom::testing
