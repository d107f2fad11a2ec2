// SPDX-License-Identifier: Apache-2.0
// Made-up tables for benchmarks.
#pragma once

#include <cstdint>

#include <slalom/dataset.hpp>

namespace slalom::bench {

/// Uniform features in [-1, 1); target = sum of the features / d, or for classes whether that is above 0.
inline Dataset make_table(std::int64_t n_rows, std::int64_t n_features, bool classes = false) {
  Dataset data{.n_rows = n_rows, .n_features = n_features, .n_targets = 1};
  const std::int64_t stride = row_stride(n_features);
  data.features.resize(static_cast<std::size_t>(n_rows * stride));
  data.targets.resize(static_cast<std::size_t>(n_rows));
  std::uint32_t state = 1;
  for (std::int64_t i = 0; i < n_rows; ++i) {
    double sum = 0.0;
    for (std::int64_t j = 0; j < n_features; ++j) {
      state = state * 1664525U + 1013904223U;  // Knuth's linear congruential generator: any numbers do here
      const double value = static_cast<double>(state) / 2147483648.0 - 1.0;
      data.features[static_cast<std::size_t>(i * stride + j)] = static_cast<float>(value);
      sum += value;
    }
    const double target = classes ? (sum > 0.0 ? 1.0 : 0.0) : sum / static_cast<double>(n_features);
    data.targets[static_cast<std::size_t>(i)] = static_cast<float>(target);
  }
  return data;
}

}  // namespace slalom::bench
