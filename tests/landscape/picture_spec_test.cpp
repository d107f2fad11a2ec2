// SPDX-License-Identifier: Apache-2.0
// The spec of a picture holds its points and names no colour of its own.
#include "landscape/picture_spec.hpp"

#include <gtest/gtest.h>

namespace slalom::landscape {
namespace {

Json spec_of(const char* name, const char* id, const Header& header = {}) {
  const Surface surface = built_in_surface(name);
  const Settings settings{.pictures = {id}, .contenders = {{OptimizerKind::kSgd, {}}, {OptimizerKind::kAdam, {}}}};
  const std::vector<Picture> pictures = make_pictures(surface, settings);
  return picture_spec(surface, ground_of(surface, pictures), pictures.at(0), header);
}

const Json& data_called(const Json& spec, const std::string& name) {
  for (const Json& data : spec.at("data")) {
    if (data.at("name") == name) return data.at("values");
  }
  throw std::out_of_range(name);
}

TEST(PictureSpec, HoldsEveryPoint) {
  const Json spec = spec_of("bowl", "optimizers");
  const Json& points = data_called(spec, "points");
  ASSERT_EQ(points.size(), 62U);  // two ways of 30 steps
  EXPECT_EQ(points[0].at("k"), 0);
  EXPECT_EQ(points[0].at("x"), -2.4);
  EXPECT_EQ(points[0].at("t"), "step 0: f = 7.92 at (-2.4, 1.2)");
  EXPECT_EQ(points.back().at("p"), 1);
  EXPECT_EQ(points.back().at("k"), 30);
  EXPECT_EQ(data_called(spec, "minima").size(), 1U);
  const Json& grid = data_called(spec, "grid")[0];
  EXPECT_EQ(grid.at("values").size(), grid.at("width").get<std::size_t>() * grid.at("height").get<std::size_t>());
}

TEST(PictureSpec, ColoursComeFromTheTheme) {
  for (const char* id : {"path", "rates", "starts", "optimizers"}) {
    const std::string text = spec_of("rastrigin", id, {.title = {"title"}, .text = {"line"}}).dump();
    EXPECT_EQ(text.find("\"#"), std::string::npos);
    EXPECT_NE(text.find("theme_surface"), std::string::npos);
  }
}

TEST(PictureSpec, TheSliderGoesToTheLongestWay) {
  const Json spec = spec_of("bowl", "rates");
  EXPECT_EQ(spec.at("signals")[0].at("name"), "step");
  EXPECT_EQ(spec.at("signals")[0].at("value"), 30);
}

}  // namespace
}  // namespace slalom::landscape
