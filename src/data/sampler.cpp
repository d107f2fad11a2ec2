// SPDX-License-Identifier: Apache-2.0
// Permutes row indices with counter-based random numbers.
#include "data/sampler.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

namespace slalom::data {

void shuffle(std::span<std::uint32_t> rows, core::PhiloxStream random) {
  constexpr std::size_t kAhead =
      16;  // drawn ahead of their swaps, so that the cache misses of one do not wait for another's
  std::array<std::uint32_t, kAhead> with{};
  for (std::size_t left = rows.size(); left > 1;) {
    const std::size_t n = std::min(kAhead, left - 1);
    for (std::size_t i = 0; i < n; ++i) {
      with[i] = random.below(static_cast<std::uint32_t>(left - i));
      __builtin_prefetch(&rows[with[i]], 1);
    }
    for (std::size_t i = 0; i < n; ++i) std::swap(rows[left - 1 - i], rows[with[i]]);
    left -= n;
  }
}

Sampler::Sampler(std::int64_t n_rows, std::vector<std::uint32_t> rows, std::uint64_t seed, std::uint32_t stream,
                 bool shuffled)
    : rows_(std::move(rows)),
      n_(rows_.empty() ? n_rows : static_cast<std::int64_t>(rows_.size())),
      seed_(seed),
      stream_(stream),
      shuffled_(shuffled) {}

std::span<const std::uint32_t> Sampler::order(std::int64_t epoch) {
  if (!shuffled_) epoch = 0;  // all are the same
  Drawn& drawn = drawn_[static_cast<std::size_t>(epoch % 2)];
  if (drawn.epoch != epoch) {
    draw(epoch, drawn.rows);
    drawn.epoch = epoch;
  }
  return drawn.rows;
}

void Sampler::draw(std::int64_t epoch, std::vector<std::uint32_t>& order) const {
  order.resize(static_cast<std::size_t>(n_));
  if (rows_.empty()) {
    std::iota(order.begin(), order.end(), 0U);
  } else {
    std::copy(rows_.begin(), rows_.end(), order.begin());
  }
  if (shuffled_) shuffle(order, {seed_, stream_, core::RandomUse::kPermutation, static_cast<std::uint32_t>(epoch)});
}

}  // namespace slalom::data
