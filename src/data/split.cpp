// SPDX-License-Identifier: Apache-2.0
// Draws validation rows and folds from a seeded permutation.
#include "data/split.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>

#include <slalom/error.hpp>

#include "data/sampler.hpp"

namespace slalom::data {
namespace {

std::vector<std::uint32_t> permutation(std::int64_t n_rows, std::uint64_t seed, core::RandomUse use) {
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(n_rows));
  std::iota(rows.begin(), rows.end(), 0U);
  shuffle(rows, {seed, 0, use, 0});
  return rows;
}

}  // namespace

RowSplit split_rows(std::int64_t n_rows, double valid_fraction, std::uint64_t seed) {
  const auto n_valid = std::max<std::int64_t>(1, std::llround(valid_fraction * static_cast<double>(n_rows)));
  if (n_valid >= n_rows) {
    std::ostringstream message;
    message << "--valid-fraction: found " << valid_fraction << " of " << n_rows
            << " rows, expected to leave rows for training"
            << " (use --valid-fraction 0)";
    throw UsageError(message.str());
  }
  const std::vector<std::uint32_t> rows = permutation(n_rows, seed, core::RandomUse::kSplit);
  RowSplit split;
  split.valid.assign(rows.begin(), rows.begin() + n_valid);
  split.train.assign(rows.begin() + n_valid, rows.end());
  std::sort(split.valid.begin(), split.valid.end());
  std::sort(split.train.begin(), split.train.end());
  return split;
}

std::vector<std::vector<std::uint32_t>> fold_rows(std::int64_t n_rows, std::int64_t k, std::uint64_t seed) {
  if (k < 2 || k > n_rows) {
    throw UsageError("--folds: found " + std::to_string(k) + ", expected 2 to the number of rows (" +
                     std::to_string(n_rows) + ")");
  }
  const std::vector<std::uint32_t> rows = permutation(n_rows, seed, core::RandomUse::kFolds);
  std::vector<std::vector<std::uint32_t>> folds(static_cast<std::size_t>(k));
  for (std::size_t i = 0; i < rows.size(); ++i) folds[i % folds.size()].push_back(rows[i]);
  for (auto& fold : folds) std::sort(fold.begin(), fold.end());
  return folds;
}

}  // namespace slalom::data
