// SPDX-License-Identifier: Apache-2.0
// Permutes row indices with counter-based random numbers.
#include "data/sampler.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "data/draws.hpp"

namespace slalom::data {

void shuffle(std::span<std::uint32_t> rows, const core::RandomSequence& random) {
  FallingDraws draws(random, draw_kernels().front());
  constexpr std::size_t kCachedRows = std::size_t{1} << 17U;  // 512 KiB: in L2
  std::array<std::uint32_t, kDrawWords> with;                 // drawn ahead of their swaps
  for (std::size_t left = rows.size(); left > 1;) {
    const std::size_t n = draws.next(static_cast<std::uint32_t>(left), std::min(kDrawWords, left - 1), with.data());
    if (left > kCachedRows) {  // the cache misses of one swap do not wait for another's
      for (std::size_t i = 0; i < n; ++i) __builtin_prefetch(&rows[with[i]], 1);
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
