// SPDX-License-Identifier: Apache-2.0
// docs/minimize.md shows the example that the install test builds and runs.
#include <string>

#include <gtest/gtest.h>

#include "support/text_file.hpp"

namespace slalom {
namespace {

TEST(MinimizeDocs, ShowTheExampleThatIsBuilt) {
  const std::string example = testing::text_of(SLALOM_EXAMPLE);
  const std::string shown = example.substr(example.find("#include"));
  ASSERT_FALSE(shown.empty());
  EXPECT_NE(testing::text_of(SLALOM_DOCS).find("```cpp\n" + shown + "```"), std::string::npos);
}

}  // namespace
}  // namespace slalom
