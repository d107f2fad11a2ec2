// SPDX-License-Identifier: Apache-2.0
// SVG becomes the pixels that it describes.
#include "render/svg_png.hpp"

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "render/png_pixels.hpp"
#include "support/message_of.hpp"

namespace slalom::render {
namespace {

constexpr const char* kSquare =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"20\" height=\"10\"><rect width=\"20\" height=\"10\" "
    "fill=\"#fff\"/>"
    "<rect x=\"10\" width=\"10\" height=\"10\" fill=\"#f00\"/></svg>";

TEST(SvgPng, DrawsWhatTheSvgSays) {
  for (const int scale : {1, 3}) {
    const testing::Pixels pixels = testing::pixels_of(svg_png(kSquare, scale));
    ASSERT_EQ(pixels.width, 20 * scale);
    ASSERT_EQ(pixels.height, 10 * scale);
    EXPECT_EQ(pixels.at(2, 2), 0xffffffffU);
    EXPECT_EQ(pixels.at(pixels.width - 2, pixels.height - 2), 0xffff0000U);
  }
}

TEST(SvgPng, GivesTheSameBytesAgain) { EXPECT_EQ(svg_png(kSquare, 2.0), svg_png(kSquare, 2.0)); }

TEST(SvgPng, RefusesWhatIsNoSvg) {
  const std::string message = testing::message_of([] { (void)svg_png("<svg", 1.0); });
  EXPECT_EQ(message.substr(0, 58), "internal error: librsvg cannot draw a picture: XML parse e");
  EXPECT_NE(message.back(), '\n');
  EXPECT_THROW((void)svg_png("", 1.0), Error);
}

TEST(SvgPng, RefusesWhatIsTooLarge) {
  EXPECT_EQ(testing::message_of([] {
              (void)svg_png("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"90000\" height=\"90000\"/>", 1.0);
            }).substr(0, 22),
            "drawing a PNG failed: ");
}

}  // namespace
}  // namespace slalom::render
