// SPDX-License-Identifier: Apache-2.0
// Nothing that a terminal obeys comes through.
#include "text/printable.hpp"

#include <string>

#include <gtest/gtest.h>

namespace slalom::text {
namespace {

TEST(Printable, LeavesOrdinaryTextAlone) {
  const std::string text = "Fläche (m²), 面積, 🏠, क्षेत्र, nbsp\u00a0, zero\u200dwidth, back\\slash";
  EXPECT_EQ(printable(text), text);
}

TEST(Printable, SpellsOutControlCharacters) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable(std::string("\0\a\b\x7f", 4)), "\\x00\\x07\\x08\\x7f");
  EXPECT_EQ(printable("a\tb\r\nc"), "a\\tb\\r\\nc");
  EXPECT_EQ(printable_lines("a\tb\r\n  c\nslalom: d\n"), "a\\tb\\r\n  c\\nslalom: d\n");
}

TEST(Printable, SpellsOutTheControlCharactersAbove127) {
  EXPECT_EQ(printable("\u009b31m"), "\\u009b31m");  // CSI in one character
  EXPECT_EQ(printable("\u0085\u2028\u2029"), "\\u0085\\u2028\\u2029");
}

TEST(Printable, SpellsOutMarksThatTurnTheDirection) {
  EXPECT_EQ(printable("price\u202e)x(\u2066\u200f\u061c"), "price\\u202e)x(\\u2066\\u200f\\u061c");
}

TEST(Printable, SpellsOutBytesThatAreNotUtf8) {
  EXPECT_EQ(printable("a\x9b"
                      "31m"),
            "a\\x9b31m");
  EXPECT_EQ(printable("\xc3"), "\\xc3");                             // cut off
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");           // a surrogate
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");                    // ESC's neighbour, too long
  EXPECT_EQ(printable("\xf5\x80\x80\x80"), "\\xf5\\x80\\x80\\x80");  // beyond Unicode
}

TEST(Printable, WritesAsciiWhereTheScreenReadsNothingElse) {
  // U+011B is C4 9B, and 9B alone is what starts a sequence on an eight-bit terminal.
  EXPECT_EQ(printable("ě m² 🏠", Charset::kAscii), "\\u011b m\\u00b2 \\U0001f3e0");
}

TEST(Printable, NeverWritesABareControlByteWhateverComesIn) {
  std::string all;
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      all += static_cast<char>(first);
      all += static_cast<char>(second);
    }
  }
  for (const char c : printable(all, Charset::kAscii)) {
    ASSERT_TRUE(c >= 0x20 && c < 0x7f) << static_cast<int>(static_cast<unsigned char>(c));
  }
  const std::string utf8 = printable(all);
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    ASSERT_TRUE(c >= 0x20 && c != 0x7f);
    ASSERT_FALSE(c == 0xc2 && static_cast<unsigned char>(utf8[i + 1]) < 0xa0) << "a C1 control character";
  }
}

TEST(PrintableJson, StaysTheSameJson) {
  EXPECT_EQ(printable_json(R"({"m²":"\u001b[2J\n"})"), R"({"m²":"\u001b[2J\n"})");
  EXPECT_EQ(printable_json("[\"\x7f\u009b\u202e\"]"), R"(["\u007f\u009b\u202e"])");
}

}  // namespace
}  // namespace slalom::text
