// SPDX-License-Identifier: Apache-2.0
// The order in which an epoch visits the rows.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "core/philox.hpp"

namespace slalom::data {

/// Shuffles in place (Fisher & Yates, Durstenfeld's form) with numbers that core::PhiloxStream would draw from `random`.
void shuffle(std::span<std::uint32_t> rows, const core::RandomSequence& random);

/// The visiting order of one member. An epoch's order depends on (seed, stream, epoch, rows) only, so any epoch can be
/// replayed.
class Sampler {
 public:
  /// `rows`: what to visit; empty: 0 .. n_rows - 1.
  Sampler(std::int64_t n_rows, std::vector<std::uint32_t> rows, std::uint64_t seed, std::uint32_t stream,
          bool shuffled);

  /// The order of `epoch` (from 0), drawn unless it is one of the last two that were asked for. Valid until the epoch
  /// after the next is asked for, so that the next one can be drawn while this one is in use.
  [[nodiscard]] std::span<const std::uint32_t> order(std::int64_t epoch);

  /// Draws the order of `epoch` into `order`.
  void draw(std::int64_t epoch, std::vector<std::uint32_t>& order) const;

  [[nodiscard]] std::int64_t size() const noexcept { return n_; }
  /// Whether every epoch has an order of its own.
  [[nodiscard]] bool shuffled() const noexcept { return shuffled_; }

 private:
  struct Drawn {
    std::int64_t epoch = -1;
    std::vector<std::uint32_t> rows;
  };

  std::vector<std::uint32_t> rows_;  ///< empty: all
  std::int64_t n_;
  std::uint64_t seed_;
  std::uint32_t stream_;
  bool shuffled_;
  std::array<Drawn, 2> drawn_;  ///< of even and odd epochs
};

}  // namespace slalom::data
