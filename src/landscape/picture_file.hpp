// SPDX-License-Identifier: Apache-2.0
// A picture by itself, for slides: with a title, and its colours.
#pragma once

#include "landscape/picture_spec.hpp"
#include "report/html/theme.hpp"

namespace slalom::landscape {

struct PictureFile {
  Json spec;    ///< with the surface's title and formula above it, and what is left out of it
  Json config;  ///< with a background
};
/// `width`: of the drawing, in pixels; lines above it are broken to fit.
[[nodiscard]] PictureFile picture_file(const Surface& surface, const Picture& picture, report::html::Scheme scheme,
                                       int width);

}  // namespace slalom::landscape
