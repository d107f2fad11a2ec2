// SPDX-License-Identifier: Apache-2.0
// Text is measured in columns, not in bytes.
#include "text/width.hpp"

#include <gtest/gtest.h>

namespace slalom::text {
namespace {

using Lines = std::vector<std::string>;

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0U);
  EXPECT_EQ(display_width("area"), 4U);
  EXPECT_EQ(display_width("Fläche"), 6U);
  EXPECT_EQ(display_width("Fla\u0308che"), 6U);  // a and a combining diaeresis
  EXPECT_EQ(display_width("面積"), 4U);
  EXPECT_EQ(display_width("🏠"), 2U);
  EXPECT_EQ(display_width("\xff"), 1U);
}

TEST(Fit, CutsAtColumns) {
  EXPECT_EQ(fit("district", 8, "…"), "district");
  EXPECT_EQ(fit("district", 7, "…"), "distri…");
  EXPECT_EQ(fit("district", 7, "..."), "dist...");
  EXPECT_EQ(fit("district", 2, "..."), "di");
  EXPECT_EQ(fit("district", 0, "…"), "");
}

TEST(Fit, NeverCutsACharacter) {
  EXPECT_EQ(fit("面積価格", 6, "…"), "面積…");  // a third one would need column 6 and 7
  EXPECT_EQ(fit("a\u0308a\u0308a\u0308", 2, "…"), "a\u0308…");
}

TEST(Wrap, BreaksAtBlanks) {
  EXPECT_EQ(wrap("epochs to target", 9, "…"), (Lines{"epochs to", "target"}));
  EXPECT_EQ(wrap("epochs to target", 6, "…"), (Lines{"epochs", "to", "target"}));
  EXPECT_EQ(wrap("epochs to target", 5, "…"), (Lines{"epoc…", "to", "targ…"}));
  EXPECT_EQ(wrap("", 5, "…"), Lines{""});
  EXPECT_EQ(wrap("面 積", 3, "…"), (Lines{"面", "積"}));
}

}  // namespace
}  // namespace slalom::text
