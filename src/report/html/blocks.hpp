// SPDX-License-Identifier: Apache-2.0
// The HTML of a page's sections.
#pragma once

#include <string>

#include "report/html/page.hpp"

namespace slalom::report::html {

/// A section element with its heading and blocks. Charts are empty containers with an input, a note and a table each.
[[nodiscard]] std::string section_html(const Section& section);

}  // namespace slalom::report::html
