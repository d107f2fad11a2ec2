// SPDX-License-Identifier: Apache-2.0
// Pictures for terminals and programs.
#pragma once

#include <string>

#include "landscape/pictures.hpp"
#include "text/style.hpp"

namespace slalom::landscape {

/// A table: one line a way.
[[nodiscard]] std::string landscape_table(const Surface& surface, const std::vector<Picture>& pictures,
                                          const text::Style& style = {});

/// One line of JSON: the surface, and every point of every way.
[[nodiscard]] std::string landscape_json(const Surface& surface, const std::vector<Picture>& pictures);

}  // namespace slalom::landscape
