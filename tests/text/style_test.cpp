// SPDX-License-Identifier: Apache-2.0
// When there are colours, and how wide a terminal is.
#include "text/style.hpp"

#include <cstdlib>

#include <gtest/gtest.h>

#include "support/pseudo_terminal.hpp"

namespace slalom::text {
namespace {

/// An environment with none of the variables but those of the test.
class StyleOf : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name :
         {"TERM", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", "LC_ALL", "LC_CTYPE", "LANG"}) {
      unsetenv(name);
    }
    if (!terminal_.works()) GTEST_SKIP() << "no pseudo-terminals here";
    setenv("TERM", "xterm", 1);
  }
  Style style(ColourChoice choice = ColourChoice::kAuto) const { return Style::of(terminal_.stream(), choice); }

  slalom::testing::PseudoTerminal terminal_{70};
};

TEST_F(StyleOf, TerminalsHaveColours) {
  EXPECT_TRUE(style().colour);
  EXPECT_TRUE(style().live);
  EXPECT_FALSE(style(ColourChoice::kNever).colour);
  EXPECT_TRUE(style(ColourChoice::kNever).live);
}

TEST_F(StyleOf, DumbTerminalsHaveNone) {
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(style().colour);
  EXPECT_FALSE(style().live);
  EXPECT_TRUE(style(ColourChoice::kAlways).colour);
  EXPECT_FALSE(style(ColourChoice::kAlways).live);
  unsetenv("TERM");
  EXPECT_FALSE(style().colour);
  EXPECT_FALSE(style().live);
}

TEST_F(StyleOf, TheEnvironmentCanForbidColours) {
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(style().colour);  // empty: not set
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(style().colour);
  EXPECT_TRUE(style().live);
  EXPECT_TRUE(style(ColourChoice::kAlways).colour);
  unsetenv("NO_COLOR");
  setenv("CLICOLOR", "0", 1);
  EXPECT_FALSE(style().colour);
}

TEST_F(StyleOf, FilesHaveColoursOnlyWhereAskedFor) {
  std::FILE* file = std::tmpfile();
  EXPECT_FALSE(Style::of(file, ColourChoice::kAuto).colour);
  EXPECT_TRUE(Style::of(file, ColourChoice::kAlways).colour);
  setenv("CLICOLOR_FORCE", "1", 1);
  EXPECT_TRUE(Style::of(file, ColourChoice::kAuto).colour);
  EXPECT_FALSE(Style::of(file, ColourChoice::kAuto).live);
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(Style::of(file, ColourChoice::kAuto).colour);
  setenv("COLUMNS", "40", 1);
  EXPECT_EQ(Style::of(file, ColourChoice::kAuto).columns, 0U);
  EXPECT_EQ(Style::of(file, ColourChoice::kAuto).charset, Charset::kUtf8);
  std::fclose(file);
}

TEST_F(StyleOf, TheLocaleSaysWhatTheScreenReads) {
  EXPECT_EQ(style().charset, Charset::kAscii);
  setenv("LANG", "de_DE.UTF-8", 1);
  EXPECT_EQ(style().charset, Charset::kUtf8);
  setenv("LC_CTYPE", "C", 1);
  EXPECT_EQ(style().charset, Charset::kAscii);
  setenv("LC_ALL", "C.utf8", 1);
  EXPECT_EQ(style().charset, Charset::kUtf8);
}

TEST_F(StyleOf, TheTerminalSaysHowWideItIs) {
  EXPECT_EQ(style().columns, 70U);
  terminal_.resize(33);
  EXPECT_EQ(style().columns, 33U);
  setenv("COLUMNS", "200", 1);
  EXPECT_EQ(style().columns, 33U);
  setenv("COLUMNS", "20", 1);
  EXPECT_EQ(style().columns, 20U);
  terminal_.resize(0);  // serial lines know nothing
  EXPECT_EQ(style().columns, 20U);
  for (const char* bad : {"", "0", "-5", "12x", "99999999999999999999999"}) {
    setenv("COLUMNS", bad, 1);
    EXPECT_EQ(style().columns, 80U) << bad;
  }
}

TEST(Paint, WrapsTextInItsColour) {
  const Style coloured{.colour = true};
  EXPECT_EQ(coloured.paint(Tone::kError, "slalom:"), "\x1b[1;31mslalom:\x1b[0m");
  EXPECT_EQ(coloured.paint(Tone::kPlain, "x"), "x");
  EXPECT_EQ(coloured.paint(Tone::kError, ""), "");
  EXPECT_EQ(Style{}.paint(Tone::kError, "slalom:"), "slalom:");
}

}  // namespace
}  // namespace slalom::text
