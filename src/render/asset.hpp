// SPDX-License-Identifier: Apache-2.0
// The script that draws, which is part of the binary.
#pragma once

#include <string_view>

namespace slalom::render {

/// The bytes of the file with this name in src/render/CMakeLists.txt; empty if there is none.
[[nodiscard]] std::string_view asset(std::string_view name);

}  // namespace slalom::render
