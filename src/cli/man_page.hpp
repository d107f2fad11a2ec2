// SPDX-License-Identifier: Apache-2.0
// The manual page.
#pragma once

#include <string>
#include <vector>

#include "cli/command_docs.hpp"

namespace slalom::cli {

/// slalom(1) in troff's man macros.
[[nodiscard]] std::string man_page(const std::vector<CommandDoc>& commands);

}  // namespace slalom::cli
