// SPDX-License-Identifier: Apache-2.0
// Curves of block characters.
#include "text/sparkline.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "text/width.hpp"

namespace slalom::text {
namespace {

Sparkline curve_of(std::initializer_list<double> values, double done = 1.0) {
  Sparkline curve;
  double at = 0.0;
  for (const double value : values) curve.add(at += done / static_cast<double>(values.size()), value);
  return curve;
}

TEST(Sparkline, RunsFromTheLowestToTheHighest) { EXPECT_EQ(curve_of({8, 7, 6, 5, 4, 3, 2, 1}).text(8), "█▇▆▅▄▃▂▁"); }

TEST(Sparkline, IsLogarithmicOverADecadeOrMore) {
  EXPECT_EQ(curve_of({1e4, 1e2, 1.0}).text(3), "█▅▁");
  EXPECT_EQ(curve_of({9.0, 5.0, 1.0}).text(3), "█▅▁");      // not a decade: in proportion
  EXPECT_EQ(curve_of({100.0, 50.0, -1.0}).text(3), "█▅▁");  // no logarithms
}

TEST(Sparkline, GrowsWithTheRun) {
  Sparkline curve;
  curve.add(0.25, 4.0);
  EXPECT_EQ(display_width(curve.text(16)), 4U);
  curve.add(0.5, 1.0);
  EXPECT_EQ(display_width(curve.text(16)), 8U);
  curve.add(1.0, 2.0);
  for (const std::size_t columns : {6U, 7U, 16U, 24U, 240U}) EXPECT_EQ(display_width(curve.text(columns)), columns);
}

TEST(Sparkline, IsEmptyBeforeThereIsAnythingToCompare) {
  Sparkline curve;
  EXPECT_EQ(curve.text(10), "");
  curve.add(0.01, 1.0);
  EXPECT_EQ(curve.text(10), "");
  EXPECT_EQ(curve_of({1.0, 2.0}).text(0), "");
}

TEST(Sparkline, LeavesAGapWhereTheLossIsNotFinite) {
  EXPECT_EQ(curve_of({2.0, std::nan(""), std::numeric_limits<double>::infinity(), 1.0}).text(4), "█  ▁");
  EXPECT_EQ(curve_of({std::nan(""), std::nan("")}).text(2), "  ");
}

TEST(Sparkline, IsFlatWhereNothingChanges) { EXPECT_EQ(curve_of({3.0, 3.0, 3.0}).text(3), "▁▁▁"); }

TEST(Sparkline, GoesBackWithTheRun) {
  Sparkline curve = curve_of({4.0, 2.0, 1e30});
  curve.add(0.5, 1.0);  // the guard returned to an earlier state
  const std::string text = curve.text(4);
  EXPECT_EQ(text, "█▁") << text;
}

TEST(Sparkline, TakesSharesOutsideTheRun) {
  Sparkline curve;
  curve.add(-1.0, 2.0);
  curve.add(7.0, 1.0);
  EXPECT_EQ(display_width(curve.text(4)), 4U);
}

}  // namespace
}  // namespace slalom::text
