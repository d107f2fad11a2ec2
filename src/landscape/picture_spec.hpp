// SPDX-License-Identifier: Apache-2.0
// A picture as a Vega spec: contours with ways over them.
#pragma once

#include "landscape/ground.hpp"
#include "report/html/escape.hpp"

namespace slalom::landscape {

using report::html::Json;

/// Lines over a picture that stands by itself.
struct Header {
  std::vector<std::string> title, text;
};

/// The last step of any way of the picture.
[[nodiscard]] std::int64_t last_step(const Picture& picture);

/// Panels of contours and ways, in as many columns as there is room for. The signal `step` says up to which step ways are
/// drawn: 0 to last_step, which it is at first. Colours are those of the theme (report/html/theme.hpp). A legend is above
/// the panels, and above that the header.
[[nodiscard]] Json picture_spec(const Surface& surface, const Ground& ground, const Picture& picture,
                                const Header& header = {});

}  // namespace slalom::landscape
