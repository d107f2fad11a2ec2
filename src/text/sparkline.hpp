// SPDX-License-Identifier: Apache-2.0
// A curve in one line of text.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace slalom::text {

/// A value that changes while a run goes on. Keeps a fixed number of points, however long the run.
class Sparkline {
 public:
  /// `done`: share of the run, in [0, 1]; outside, the nearer end. A share below the one before takes the run back to
  /// there.
  void add(double done, double value);

  /// The run so far, as bars of block characters from the lowest value to the highest, `columns` wide when all of it is
  /// done; a logarithmic scale if all values are positive and the largest is ten times the smallest or more. What is
  /// not finite is a blank. UTF-8; empty before there are two bars.
  [[nodiscard]] std::string text(std::size_t columns) const;

 private:
  static constexpr std::size_t kPoints = 240;  ///< many divisors
  std::array<double, kPoints> values_{};       ///< of equal parts of the run
  std::size_t n_ = 0;
};

}  // namespace slalom::text
