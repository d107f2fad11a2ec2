// SPDX-License-Identifier: Apache-2.0
// Tables are aligned, harmless, and no wider than the terminal.
#include "text/table.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "support/pseudo_terminal.hpp"
#include "text/width.hpp"

namespace slalom::text {
namespace {

using Kinds = std::vector<ColumnKind>;
constexpr ColumnKind kName = ColumnKind::kName, kNumber = ColumnKind::kNumber, kNote = ColumnKind::kNote;

std::size_t widest_line(const std::string& text) {
  std::istringstream lines(text);
  std::size_t widest = 0;
  for (std::string line; std::getline(lines, line);) widest = std::max(widest, display_width(line));
  return widest;
}

TEST(TextTable, AlignsNamesAndNumbers) {
  TextTable table({kName, kNumber, kNumber});
  table.heading({"", "train", "valid"});
  table.add({"rows", "16000", "4000"});
  table.add({"mse", "5.87301e+08"});
  EXPECT_EQ(table.text({}),
            "            train  valid\n"
            "rows        16000   4000\n"
            "mse   5.87301e+08\n");
}

TEST(TextTable, CountsWideAndCombiningCharactersAsTheScreenDoes) {
  TextTable table({kName, kNumber});
  table.add({"面積", "1"});
  table.add({"Fla\u0308che", "22"});
  table.add({"area", "333"});
  EXPECT_EQ(table.text({}),
            "面積      1\n"
            "Fla\u0308che   22\n"
            "area    333\n");
}

TEST(TextTable, SpellsOutWhatATerminalWouldObey) {
  TextTable table({kName, kNote});
  table.heading({"\x1b[2J", "b"});
  table.add({"a\nb", "\u009b"});
  EXPECT_EQ(table.text({}),
            "\\x1b[2J  b\n"
            "a\\nb     \\u009b\n");
}

TEST(TextTable, LeavesNoTrailingBlanks) {
  TextTable table({kName, kNumber, kNote});
  table.add({"a", "", ""});
  table.add({"long", "12345", "note"});
  EXPECT_EQ(table.text({}), "a\nlong  12345  note\n");
}

TEST(TextTable, CutsNamesWhereTheTerminalIsNarrow) {
  TextTable table({kName, kNumber});
  table.add({std::string(100, 'x'), "12345"});
  table.add({"short", "1"});
  EXPECT_EQ(table.text({.columns = 20}),
            "xxxxxxxxxxxx…  12345\n"
            "short              1\n");
  EXPECT_EQ(table.text({.charset = Charset::kAscii, .columns = 20}),
            "xxxxxxxxxx...  12345\n"
            "short              1\n");
}

TEST(TextTable, BreaksHeadingsAndNotesWhereTheTerminalIsNarrow) {
  TextTable table({kNumber, kNumber, kNote});
  table.heading({"batch", "epochs to target", ""});
  table.add({"64", "3.5", "<- recommended, given up after one of five epochs"});
  const std::string text = table.text({.columns = 45});
  EXPECT_EQ(text,
            "       epochs\n"
            "           to\n"
            "batch  target\n"
            "   64     3.5  <- recommended, given up after\n"
            "               one of five epochs\n");
}

TEST(TextTable, NeverCutsNumbers) {
  TextTable table({kName, kNumber, kNumber});
  table.add({"a rather long name", "123456789", "987654321"});
  const std::string text = table.text({.columns = 10});
  EXPECT_NE(text.find("123456789  987654321\n"), std::string::npos) << text;
}

TEST(TextTable, FitsEveryWidthThatItsNumbersAllow) {
  TextTable table({kName, kName, kNumber, kNumber, kNote});
  table.heading({"column", "kind", "lowest validation loss", "samples/s", "what became of it"});
  table.add(
      {"a name of thirty-two characters..", "number", "0.123", "1e6", "a note with many words that may be broken"});
  table.add({std::string(5000, 'y'), "17 levels", "123.456", "2e6", ""});
  for (std::size_t columns = 74; columns < 250; ++columns) {
    EXPECT_LE(widest_line(table.text({.columns = columns})), columns);
  }
}

TEST(TextTable, PaintsWithoutChangingTheLayout) {
  TextTable table({kName, kNumber});
  table.heading({"restart", "loss"});
  table.add({{"1", Tone::kGood}, {"0.5", Tone::kGood}});
  const std::string painted = table.text({.colour = true});
  EXPECT_EQ(painted,
            "\x1b[1mrestart\x1b[0m  \x1b[1mloss\x1b[0m\n"
            "\x1b[32m1\x1b[0m         \x1b[32m0.5\x1b[0m\n");
  EXPECT_EQ(slalom::testing::without_colours(painted), table.text({}));
}

}  // namespace
}  // namespace slalom::text
