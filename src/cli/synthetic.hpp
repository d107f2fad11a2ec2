// SPDX-License-Identifier: Apache-2.0
// The built-in table of the demo.
#pragma once

#include <cstdint>

#include <slalom/table.hpp>

namespace slalom::cli {

/// Invented flats: area, rooms, age, distance to the centre, district, and a price in euros that depends on them partly
/// non-linearly, with noise of standard deviation 15,000. The same rows on every machine; 1 % of the ages are missing.
[[nodiscard]] Table make_flats(std::int64_t n_rows);

}  // namespace slalom::cli
