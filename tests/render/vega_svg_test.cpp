// SPDX-License-Identifier: Apache-2.0
// Vega draws in the engine, and what it complains of is an error.
#include "render/vega_svg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "render/png_pixels.hpp"
#include "render/svg_png.hpp"
#include "support/message_of.hpp"

namespace slalom::render {
namespace {

using report::html::Json;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Json spec_of(const std::string& words) {
  return {
      {"width", 100},
      {"height", 50},
      {"padding", 0},
      {"autosize", "none"},
      {"marks",
       Json::array(
           {{{"type", "rect"},
             {"encode",
              {{"update",
                {{"width", {{"signal", "width / 2"}}}, {"height", {{"value", 50}}}, {"fill", {{"value", "#00f"}}}}}}}},
            {{"type", "text"}, {"encode", {{"update", {{"text", {{"value", words}}}}}}}}})}};
}

TEST(VegaSvg, DrawsToTheWidthAskedFor) {
  const std::string svg = vega_svg(spec_of("hello"), {{"background", "#fff"}}, 300);
  EXPECT_THAT(svg, StartsWith("<svg "));
  EXPECT_THAT(svg, HasSubstr("hello"));
  const testing::Pixels pixels = testing::pixels_of(svg_png(svg, 1.0));
  ASSERT_EQ(pixels.width, 300);
  ASSERT_EQ(pixels.height, 50);
  EXPECT_EQ(pixels.at(140, 40), 0xff0000ffU);
  EXPECT_EQ(pixels.at(160, 40), 0xffffffffU);
}

TEST(VegaSvg, EscapesText) {
  const std::string svg = vega_svg(spec_of("</text><script>x</script> & \xE2\x88\x9A"), Json::object(), 100);
  EXPECT_EQ(svg.find("<script>"), std::string::npos);
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
  EXPECT_FALSE(testing::pixels_of(svg_png(svg, 1.0)).argb.empty());
}

TEST(VegaSvg, GivesTheSameTextAgain) {
  EXPECT_EQ(vega_svg(spec_of("a"), Json::object(), 100), vega_svg(spec_of("a"), Json::object(), 100));
}

TEST(VegaSvg, PassesComplaintsOn) {
  const auto message = [](const Json& spec) {
    return testing::message_of([&] { (void)vega_svg(spec, Json::object(), 100); });
  };
  Json spec = spec_of("a");
  spec["marks"][0]["from"] = {{"data", "none"}};
  EXPECT_THAT(message(spec), StartsWith("internal error: Vega cannot draw a chart: "));
  spec = spec_of("a");
  spec["marks"][0]["type"] = "cloud";
  EXPECT_THAT(message(spec), StartsWith("internal error: Vega cannot draw a chart: "));
  spec = spec_of("a");
  spec["marks"][0]["encode"]["update"]["width"] = {{"signal", "nothing(1)"}};
  EXPECT_THAT(message(spec), HasSubstr("nothing"));
}

}  // namespace
}  // namespace slalom::render
