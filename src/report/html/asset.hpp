// SPDX-License-Identifier: Apache-2.0
// The style, scripts and libraries that pages are made of, which are part of the binary.
#pragma once

#include <string_view>

namespace slalom::report::html {

/// The bytes of the file with this name in src/report/CMakeLists.txt ("page.css", "vega-util"); empty if there is none.
[[nodiscard]] std::string_view asset(std::string_view name);

}  // namespace slalom::report::html
