// SPDX-License-Identifier: Apache-2.0
// Permutes row indices with counter-based random numbers.
#include "data/sampler.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace slalom::data {

void shuffle(std::span<std::uint32_t> rows, core::PhiloxStream random) {
  for (std::size_t i = rows.size(); i > 1; --i) {
    std::swap(rows[i - 1], rows[random.below(static_cast<std::uint32_t>(i))]);
  }
}

Sampler::Sampler(std::int64_t n_rows, std::vector<std::uint32_t> rows, std::uint64_t seed, std::uint32_t stream,
                 bool shuffled)
    : rows_(std::move(rows)), seed_(seed), stream_(stream), shuffled_(shuffled) {
  if (rows_.empty()) {
    rows_.resize(static_cast<std::size_t>(n_rows));
    std::iota(rows_.begin(), rows_.end(), 0U);
  }
  order_.resize(rows_.size());
}

std::span<const std::uint32_t> Sampler::order(std::int64_t epoch) {
  if (!shuffled_) return rows_;
  std::copy(rows_.begin(), rows_.end(), order_.begin());
  shuffle(order_, {seed_, stream_, core::RandomUse::kPermutation, static_cast<std::uint32_t>(epoch)});
  return order_;
}

}  // namespace slalom::data
