// SPDX-License-Identifier: Apache-2.0
// A landscape as a page: every picture with its slider, the values by step, and the numbers.
#pragma once

#include "landscape/pictures.hpp"
#include "report/html/page.hpp"

namespace slalom::landscape {

/// `command`: how it was made, for people. Charts have the ids "path", "path-values", "rates", ...
[[nodiscard]] report::html::Page landscape_page(const Surface& surface, const std::vector<Picture>& pictures,
                                                const std::string& command);

/// One row a way: optimiser, rate, start, steps, end, value, gradient and why it ended.
[[nodiscard]] report::html::TextTable way_table(const Surface& surface, const Picture& picture);

}  // namespace slalom::landscape
