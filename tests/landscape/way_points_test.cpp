// SPDX-License-Identifier: Apache-2.0
// Ways stay drawable however long they are and wherever they go.
#include "landscape/way_points.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace slalom::landscape {
namespace {

constexpr Frame kFrame{.x = {-1.0, 1.0}, .y = {-2.0, 2.0}};

Way way_through(const std::vector<Point>& points) {
  Way way;
  for (std::size_t k = 0; k < points.size(); ++k) {
    way.result.path.push_back({.step = static_cast<std::int64_t>(k), .x = {points[k][0], points[k][1]}});
  }
  return way;
}

TEST(WayPoints, KeepPlacesInsideTheFrame) {
  const DrawnWay way = drawn(way_through({{0.5, -1.5}, {0.0, 0.0}}), kFrame);
  EXPECT_EQ(way.points.at(0).line, (Point{0.5, -1.5}));
  EXPECT_EQ(way.points[0].edge, (Point{0.5, -1.5}));
  EXPECT_FALSE(way.points[0].outside);
  EXPECT_EQ(way.outside, 0);
  EXPECT_EQ(way.stride, 1);
}

TEST(WayPoints, MarkersStayOnTheEdgeAndLinesKeepTheirDirection) {
  const DrawnWay way = drawn(way_through({{3.0, 1.0}, {1e200, 2e200}}), kFrame);
  EXPECT_EQ(way.outside, 2);
  EXPECT_EQ(way.points.at(0).edge, (Point{1.0, 1.0}));
  EXPECT_EQ(way.points[0].line, (Point{3.0, 1.0}));
  EXPECT_EQ(way.points.at(1).edge, (Point{1.0, 2.0}));
  EXPECT_NEAR(way.points[1].line[1] / way.points[1].line[0], 2.0, 1e-12);
  EXPECT_LT(std::hypot(way.points[1].line[0], way.points[1].line[1]), 100.0);
}

TEST(WayPoints, ThinALongWayButKeepItsEnds) {
  std::vector<Point> points(10001);
  for (std::size_t k = 0; k < points.size(); ++k) points[k] = {static_cast<double>(k) / 20000.0, 0.0};
  const DrawnWay way = drawn(way_through(points), kFrame);
  EXPECT_LE(way.points.size(), 402U);
  EXPECT_EQ(way.points.front().step, 0);
  EXPECT_EQ(way.points.back().step, 10000);
  EXPECT_EQ(way.points.at(1).step, way.stride);
}

TEST(WayPoints, SayWhatIsLeftOut) {
  Picture picture{.panels = {{.title = "sgd, learning rate 1", .ways = {way_through({{0.0, 0.0}, {5.0, 0.0}})}}}};
  EXPECT_EQ(
      notes_of(picture, kFrame),
      (std::vector<std::string>{"sgd, learning rate 1: 1 of 2 points lie outside the picture; the line runs towards "
                                "them, triangles on the edge stand for them."}));
  picture.panels[0].ways[0] = way_through({{0.0, 0.0}});
  EXPECT_TRUE(notes_of(picture, kFrame).empty());
}

TEST(WayPoints, Words) {
  EXPECT_EQ(words_of({.step = 12, .value = 0.012345, .at = {1.5, -0.25}}), "step 12: f = 0.0123 at (1.5, -0.25)");
}

TEST(Frame, GrowsWithStartsOutside) {
  const Surface surface = built_in_surface("bowl");
  Picture picture{.panels = {{.ways = {Way{.start = {10.0, 0.0}}}}}};
  const Frame frame = frame_of(surface, {picture});
  EXPECT_EQ(frame.x.low, surface.x.low);
  EXPECT_GT(frame.x.high, 10.0);
  EXPECT_EQ(frame.y.high, surface.y.high);
}

}  // namespace
}  // namespace slalom::landscape
