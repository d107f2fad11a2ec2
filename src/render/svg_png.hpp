// SPDX-License-Identifier: Apache-2.0
// Turns a drawing into pixels.
#pragma once

#include <string>

namespace slalom::render {

/// The bytes of a PNG file of `svg`, `scale` pixels for each of its own. Text is drawn with the fonts of the system.
/// Throws Error(kSoftware) if the SVG is not one, Error(kDevice) if the picture does not fit into memory.
[[nodiscard]] std::string svg_png(const std::string& svg, double scale);

}  // namespace slalom::render
