// SPDX-License-Identifier: Apache-2.0
// A table with every kind of column and of target, for models that are exported.
#pragma once

#include <string>

namespace slalom::testing {

/// Features: size (numbers, some missing), "big number" (a large mean), colour (text, missing cells spelt in several
/// ways), flag (booleans in several spellings, some missing), zone (20 levels). Targets: y, y2 (numbers), kind (three
/// texts), level (1, 2, 3), half (-2, 0.5, 1.5), yes (yes, no), truth (true, false), digit (0, 1). All numbers are
/// exact in float32. `new_data`: another part of the same population, with levels that do not occur otherwise.
[[nodiscard]] std::string mixed_csv(int rows, bool new_data);

}  // namespace slalom::testing
