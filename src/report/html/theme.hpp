// SPDX-License-Identifier: Apache-2.0
// The colours and type of pages and charts, light and dark, from theme.json.
#pragma once

#include <string>

#include "report/html/escape.hpp"

namespace slalom::report::html {

enum class Scheme { kLight, kDark };

/// Style rules that define the colours as custom properties (--ink, --series-1, ...): light ones, and dark ones where
/// the reader prefers dark and does not print.
[[nodiscard]] std::string theme_css();

/// The configuration that every chart is drawn with (the second argument of vega.parse). Specs name colours through it
/// only: the signals theme_surface, theme_ink, theme_muted, theme_grid, theme_accent, theme_bad and theme_good, and the
/// scale ranges "category" (eight colours that colour-blind readers can tell apart) and "ramp" (few to many).
[[nodiscard]] Json chart_config(Scheme scheme);

}  // namespace slalom::report::html
