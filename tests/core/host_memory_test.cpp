// SPDX-License-Identifier: Apache-2.0
// Shortages of memory are named after what was being done.
#include "core/host_memory.hpp"

#include <array>

#include <gmock/gmock.h>

#include <slalom/error.hpp>

#include "support/message_of.hpp"

namespace slalom::testing {
namespace {

TEST(HostMemory, AShortageIsNamed) {
  const auto fail = [] { core::name_shortage("reading ", "plane.csv", []() -> int { throw std::bad_alloc(); }); };
  EXPECT_THAT(message_of(fail),
              ::testing::MatchesRegex("out of memory while reading plane.csv( \\(this process took up "
                                      "to [0-9.]+ GiB of .*\\))?"));
  try {
    fail();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kDevice);
  }
}

TEST(HostMemory, ResultsAndOtherErrorsPass) {
  EXPECT_EQ(core::name_shortage("reading ", "x", [] { return 3; }), 3);
  EXPECT_THROW(core::name_shortage("reading ", "x", [] { throw DataError("no"); }), DataError);
}

TEST(HostMemory, TheDescriptionFitsItsSpace) {
  std::array<char, 128> space{};
  EXPECT_LT(core::describe_memory(space).size(), space.size() - 1);
  std::array<char, 8> little{};
  EXPECT_LE(core::describe_memory(little).size(), little.size());
}

}  // namespace
}  // namespace slalom::testing
