// SPDX-License-Identifier: Apache-2.0
// Vega's modules as one script.
#pragma once

#include <string>

namespace slalom::report::html {

/// A script that defines the global `vega`: its licence, its modules and vega_bundle.js, which joins them.
[[nodiscard]] std::string vega_script();

}  // namespace slalom::report::html
