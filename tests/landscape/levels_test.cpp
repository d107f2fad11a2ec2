// SPDX-License-Identifier: Apache-2.0
// Levels of contours are round, rise, and are told apart by their texts.
#include "landscape/levels.hpp"

#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

namespace slalom::landscape {
namespace {

std::vector<double> levels_on(const Surface& surface) {
  return levels_of(surface, grid_of(surface, {.x = surface.x, .y = surface.y}));
}

TEST(Levels, RiseFromTheLowestValue) {
  for (const std::string& name : surface_names()) {
    const Surface surface = built_in_surface(name);
    const std::vector<double> levels = levels_on(surface);
    Point gradient{};
    EXPECT_GE(levels.size(), 8U) << name;
    EXPECT_LE(levels.size(), 16U) << name;
    EXPECT_LE(levels[0], surface.f(surface.minima.at(0), gradient)) << name;
    for (std::size_t i = 1; i < levels.size(); ++i) EXPECT_GT(levels[i], levels[i - 1]) << name;
  }
}

TEST(Levels, AreRound) {
  EXPECT_EQ(
      level_texts(levels_on(built_in_surface("bowl"))),
      (std::vector<std::string>{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"}));
  const std::vector<std::string> grown = level_texts(levels_on(built_in_surface("rosenbrock")));
  ASSERT_GE(grown.size(), 4U);
  EXPECT_EQ(grown[0], "0");
  EXPECT_EQ((std::vector<std::string>(grown.end() - 3, grown.end())),
            (std::vector<std::string>{"500", "1000", "2000"}));
}

TEST(Levels, AroundZeroAreMultiplesOfTheStep) {
  const std::vector<std::string> texts = level_texts(levels_on(built_in_surface("saddle")));
  EXPECT_EQ(texts[0], "-0.25");
  EXPECT_NE(std::find(texts.begin(), texts.end(), "0"), texts.end());
}

TEST(Levels, HaveAsManyDigitsAsTellThemApart) {
  EXPECT_EQ(level_texts({0.0, 1.0, 2000.0, 3e6}), (std::vector<std::string>{"0", "1", "2000", "3e+06"}));
  EXPECT_EQ(level_texts({1.91092e9, 1.91165e9, 3e9}), (std::vector<std::string>{"1.911e+09", "1.912e+09", "3e+09"}));
}

TEST(Levels, OfAFlatSurfaceAreOne) {
  Surface surface = built_in_surface("bowl");
  surface.f = [](std::span<const double>, std::span<double>) { return 3.0; };
  EXPECT_EQ(levels_on(surface), std::vector<double>{3.0});
  EXPECT_EQ(band_text({"3"}, 0), "at least 3");
}

TEST(Levels, BandsEndWhereTheNextBegins) {
  EXPECT_EQ(band_text({"0", "1", "2"}, 1), "from 1 to 2");
  EXPECT_EQ(band_text({"0", "1", "2"}, 2), "at least 2");
}

}  // namespace
}  // namespace slalom::landscape
