// SPDX-License-Identifier: Apache-2.0
// In a build with AddressSanitizer or UBSan: that defects are caught, with the exit status that no command of slalom
// has.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace slalom::testing {
namespace {

// Volatile, so that the compiler cannot see what happens and reject or remove it.
volatile std::size_t beyond = 4;
volatile int largest = std::numeric_limits<int>::max();
volatile double huge = 1e300;
volatile int result = 0;

#if defined(SLALOM_SANITIZES_ADDRESS)
TEST(Sanitizers, CatchReadsBehindAnAllocation) {
  const std::vector<int> four(4);
  EXPECT_EXIT(result = four.data()[beyond], ::testing::ExitedWithCode(99), "heap-buffer-overflow");
}

TEST(Sanitizers, CatchIndicesBehindTheSizeOfAVector) {
  std::vector<int> two(2);
  two.reserve(8);
  EXPECT_DEATH(result = two[beyond], "__n < this->size");
}
#endif

#if defined(SLALOM_SANITIZES_UNDEFINED)
TEST(Sanitizers, CatchSignedOverflow) {
  EXPECT_EXIT(result = largest + 1, ::testing::ExitedWithCode(99), "signed integer overflow");
}

TEST(Sanitizers, CatchNumbersThatAnIntegerCannotHold) {
  EXPECT_EXIT(result = static_cast<std::int32_t>(huge), ::testing::ExitedWithCode(99), "outside the range");
}
#endif

}  // namespace
}  // namespace slalom::testing
