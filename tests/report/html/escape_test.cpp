// SPDX-License-Identifier: Apache-2.0
// Whatever a name holds, it stays text.
#include "report/html/escape.hpp"

#include <string>

#include <gtest/gtest.h>

namespace slalom::report::html {
namespace {

const std::string kUnknown = "\xEF\xBF\xBD";  // U+FFFD

TEST(CleanText, KeepsValidText) {
  const std::string text = "Größe\t\xE2\x82\xAC \xF0\x9F\x8E\xBF \xD8\xB3\xD8\xB9\xD8\xB1\nline";
  EXPECT_EQ(clean_text(text), text);
  EXPECT_EQ(clean_text(""), "");
}

TEST(CleanText, ReplacesEveryByteThatIsNoUtf8) {
  EXPECT_EQ(clean_text("a\xFF"), "a" + kUnknown);
  EXPECT_EQ(clean_text("\xE2\x82"), kUnknown + kUnknown);                                // cut off
  EXPECT_EQ(clean_text("\xC0\xBC"), kUnknown + kUnknown);                                // overlong '<'
  EXPECT_EQ(clean_text("\xE0\x80\xBC"), kUnknown + kUnknown + kUnknown);                 // the same in three
  EXPECT_EQ(clean_text("\xED\xA0\x80"), kUnknown + kUnknown + kUnknown);                 // surrogate
  EXPECT_EQ(clean_text("\xF4\x90\x80\x80"), kUnknown + kUnknown + kUnknown + kUnknown);  // beyond U+10FFFF
  EXPECT_EQ(clean_text("\x80z"), kUnknown + "z");
}

TEST(CleanText, ReplacesControlCharacters) {
  EXPECT_EQ(clean_text(std::string("a\0b", 3)), "a" + kUnknown + "b");
  EXPECT_EQ(clean_text("\x1B[31m\x7F\xC2\x9B"), kUnknown + "[31m" + kUnknown + kUnknown);
}

TEST(Escape, LeavesNothingThatHtmlReads) {
  EXPECT_EQ(escape("</script><b a=\"1\" c='2'>&amp;"),
            "&lt;/script&gt;&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;");
}

TEST(ScriptJson, CannotEndItsElement) {
  const Json json = {{"</ScRiPt>", "<!-- <script>"}, {"bad", std::string("\xFF\0", 2)}};
  const std::string text = script_json(json);
  EXPECT_EQ(text.find('<'), std::string::npos) << text;
  const Json read = Json::parse(text);
  EXPECT_EQ(read.at("</ScRiPt>"), "<!-- <script>");
  EXPECT_EQ(read.at("bad"), kUnknown + std::string(1, '\0'));
}

}  // namespace
}  // namespace slalom::report::html
