// SPDX-License-Identifier: Apache-2.0
// Rows in which columns that take two values are bits: what one-hot categories and flags make of most tables.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <slalom/dataset.hpp>

namespace slalom::cpu {

/// A lossless copy of a feature matrix. Columns are taken in groups of 16 (the last may have 8). A group in which every
/// column has at most two values (told apart by their bits, so -0 is not 0) is a 16-bit word a row, column i of the
/// group bit i; others stay floats. A row is a record: the floats, then the words, filled up to a cache line's divisor.
struct CompactRows {
  static constexpr std::int64_t kGroup = 16;

  std::int64_t record = 0;  ///< floats from one record to the next: 4, 8, or a multiple of 16
  /// A group's place in a record: of its first float, or, if negative, ~ of its word in units of 2 bytes.
  std::vector<std::int64_t> place;
  AlignedFloats low;   ///< [groups * 16] what a column's 0 stands for; 0 of columns that stay floats
  AlignedFloats high;  ///< likewise 1
  AlignedFloats records;
};

/// Compact rows of `x` if they take at most half as many bytes, else nothing. Rows of 8 features or fewer never do.
/// Reads the matrix once in memory order, and stops as soon as too few columns with two values are left; packing reads
/// it a second time.
[[nodiscard]] std::optional<CompactRows> compact_rows(const FeatureView& x);

}  // namespace slalom::cpu
