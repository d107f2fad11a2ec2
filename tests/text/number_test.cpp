// SPDX-License-Identifier: Apache-2.0
// Rounded numbers are written out where people would.
#include "text/number.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace slalom::text {
namespace {

TEST(Rounded, WritesThousandsOut) {
  EXPECT_EQ(rounded(237.4, 2), "240");
  EXPECT_EQ(rounded(4566.73, 3), "4570");
  EXPECT_EQ(rounded(-605600.2, 3), "-606000");
  EXPECT_EQ(rounded(9.996e5, 3), "1e+06");
}

TEST(Rounded, LeavesOtherSizesToPowersOfTen) {
  EXPECT_EQ(rounded(4.28492e9, 3), "4.28e+09");
  EXPECT_EQ(rounded(1.0603e-10, 3), "1.06e-10");
  EXPECT_EQ(rounded(0.0, 3), "0");
  EXPECT_EQ(rounded(0.25, 3), "0.25");
}

TEST(Rounded, TakesWhatIsNoNumber) {
  EXPECT_EQ(rounded(std::numeric_limits<double>::infinity(), 3), "inf");
  EXPECT_EQ(rounded(std::numeric_limits<double>::quiet_NaN(), 3), "nan");
}

}  // namespace
}  // namespace slalom::text
