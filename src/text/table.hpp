// SPDX-License-Identifier: Apache-2.0
// Tables whose columns are as wide as what is in them, and narrower if the terminal is.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "text/style.hpp"

namespace slalom::text {

/// Text from anywhere: what is not printable is spelt out.
struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
  Cell(std::string content, Tone of = Tone::kPlain) : text(std::move(content)), tone(of) {}
  Cell(const char* content) : text(content) {}
};

/// kName: at the left, cut where there is no room. kNumber: at the right, never cut; its heading is broken or cut
/// instead. kNote: at the left, broken at blanks; for the last column.
enum class ColumnKind { kName, kNumber, kNote };

class TextTable {
 public:
  explicit TextTable(std::vector<ColumnKind> columns) : kinds_(std::move(columns)) {}

  /// The line above the rows. At most as many cells as columns, here and below.
  void heading(std::vector<Cell> cells) { heading_ = std::move(cells); }
  void add(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }

  /// Lines without trailing blanks, two blanks between columns.
  [[nodiscard]] std::string text(const Style& style) const;

 private:
  std::vector<ColumnKind> kinds_;
  std::vector<Cell> heading_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace slalom::text
