// SPDX-License-Identifier: Apache-2.0
// Puts the pieces of one CSV column together and finds out whether it is numeric or categorical.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/category_index.hpp"
#include "data/csv_block.hpp"
#include "slalom/table.hpp"

namespace slalom {

/// A column while its blocks arrive in order. With an unknown kind it starts as numbers and turns to categories at the
/// first text cell; if numbers have been stored by then, their spelling is lost and the column must be read again
/// (needs_reread()).
class CsvColumn {
 public:
  /// `kind`: true = categorical, false = numeric, nullopt = to be inferred.
  CsvColumn(std::string name, std::optional<bool> kind);

  /// How the next block is to be converted.
  [[nodiscard]] ColumnPlan plan() const noexcept { return plan_; }

  /// Appends column `index` of `block`; `piece` was converted with an earlier plan() and is converted again if that has
  /// changed.
  void append(const CsvBlock& block, std::size_t index, ColumnPiece piece);

  /// True if the column is categorical but its first cells were stored as numbers.
  [[nodiscard]] bool needs_reread() const noexcept { return plan_ == ColumnPlan::kCount; }

  /// With an inferred kind, once all blocks are in: throws DataError naming line and column if the column is numeric
  /// but has an infinite cell, or if at least 90 % of its cells, but not all, are numbers. `source` begins the message.
  void check(const std::string& source) const;

  /// The rows so far as a column; the next piece starts empty.
  [[nodiscard]] Column take();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  void append_codes(const ColumnPiece& piece);
  void count(ColumnPiece& piece);

  std::string name_;
  ColumnPlan plan_;
  std::vector<double> numbers_;
  std::vector<std::int32_t> codes_;
  CategoryIndex categories_;
  std::int64_t n_numbers_ = 0;
  std::int64_t n_texts_ = 0;
  std::optional<NotedCell> first_text_;
  std::optional<NotedCell> first_infinite_;
};

}  // namespace slalom
