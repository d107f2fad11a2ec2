// SPDX-License-Identifier: Apache-2.0
// Which texts are missing cells.
#include "data/cell_text.hpp"

#include <set>

#include <gtest/gtest.h>

namespace slalom::testing {
namespace {

/// All texts of at most `longest` characters of `alphabet`.
std::vector<std::string> all_texts(const std::string& alphabet, std::size_t longest) {
  std::vector<std::string> texts = {""};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() == longest) continue;
    for (const char c : alphabet) texts.push_back(std::string(texts[i]) + c);
  }
  return texts;
}

TEST(MissingTexts, AreExactlyWhatIsMissing) {
  const std::vector<std::string> listed = missing_texts();
  const std::set<std::string> missing(listed.begin(), listed.end());
  EXPECT_EQ(missing.size(), listed.size());
  std::size_t found = 0;
  // The characters of all spellings and a few others; no spelling is longer than 4.
  for (const std::string& text : all_texts("aAnNuUlLoeE/?+-0 ", 5)) {
    EXPECT_EQ(is_missing_text(text), missing.count(text) > 0) << '"' << text << '"';
    found += is_missing_text(text) ? 1 : 0;
  }
  EXPECT_EQ(found, listed.size());
}

}  // namespace
}  // namespace slalom::testing
