// SPDX-License-Identifier: Apache-2.0
// Draws a Vega spec without a browser.
#pragma once

#include <string>

#include "report/html/escape.hpp"

namespace slalom::render {

/// The SVG that Vega draws of `spec` with the configuration `config` (vega.parse), `width` pixels wide with everything
/// beside it. Vega runs in a JavaScript engine of this process, which reaches neither files nor network. The same
/// arguments give the same text. Throws Error(kSoftware) with Vega's words if it cannot draw the spec or warns.
[[nodiscard]] std::string vega_svg(const report::html::Json& spec, const report::html::Json& config, int width);

}  // namespace slalom::render
