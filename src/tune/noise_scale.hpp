// SPDX-License-Identifier: Apache-2.0
// The batches that a measurement of the gradient noise scale takes.
#pragma once

#include <algorithm>
#include <cstdint>

namespace slalom::tuning {

/// `count` batches of `rows` rows each; together the big batch.
struct NoiseBatches {
  std::int64_t rows = 0, count = 0;
};

/// 64 batches of at most 512 rows; fewer of one row each if rows are few.
[[nodiscard]] inline NoiseBatches noise_batches(std::int64_t n_rows) {
  constexpr std::int64_t kCount = 64, kMostRows = 512;
  const std::int64_t rows = std::clamp<std::int64_t>(n_rows / kCount, 1, kMostRows);
  return {.rows = rows, .count = std::min(kCount, n_rows / rows)};
}

}  // namespace slalom::tuning
