// SPDX-License-Identifier: Apache-2.0
// What the fixture of the command-line tests promises: defects that a command reports do not go unnoticed.
#include "cli/command_line.hpp"

#include <gtest/gtest-spi.h>

namespace slalom::testing {
namespace {

class CommandLineFixture : public CommandLine {
 protected:
  /// How many failures `echo <text> >&2` gives a test that ignores the outcome.
  int failures_after(const std::string& text) const {
    ::testing::TestPartResultArray results;
    {
      const ::testing::ScopedFakeTestPartResultReporter reporter(&results);
      static_cast<void>(shell("{ echo \"" + text + "\" >&2; }"));
    }
    return results.size();
  }
};

TEST_F(CommandLineFixture, FailsTheTestOnAReportOfASanitizer) {
  EXPECT_EQ(failures_after("SUMMARY: AddressSanitizer: heap-buffer-overflow table.cpp:7"), 1);
  EXPECT_EQ(failures_after("SUMMARY: UndefinedBehaviorSanitizer: undefined-behavior table.cpp:7"), 1);
  EXPECT_EQ(failures_after("stl_vector.h:1123: operator[]: Assertion '__n < this->size()' failed."), 1);
  EXPECT_EQ(failures_after("slalom: data.csv: is empty"), 0);
}

}  // namespace
}  // namespace slalom::testing
