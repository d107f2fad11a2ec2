// SPDX-License-Identifier: Apache-2.0
// One block of a CSV file: split into fields by Arrow, and turned into columns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/csv_dialect.hpp"
#include "data/text_blocks.hpp"
#include "slalom/table.hpp"

namespace arrow::csv {
class BlockParser;
}

namespace slalom {

/// What is to be made of a column's cells.
enum class ColumnPlan {
  kNumeric,       ///< numbers; a text cell is an error
  kCategorical,   ///< categories, whatever the texts look like
  kInferNumbers,  ///< numbers; if there is a text cell, as kInferText
  kInferText,     ///< categories, and how many cells would be numbers
  kCount          ///< only how many cells are numbers and texts
};

/// A cell worth naming in an error message.
struct NotedCell {
  std::int64_t line = 0;
  std::string text;
};

/// One column of one block.
struct ColumnPiece {
  std::vector<double> numbers;          ///< plan kNumeric, or kInferNumbers without text cells
  std::vector<std::int32_t> codes;      ///< other plans except kCount: index into `categories`
  std::vector<std::string> categories;  ///< in order of first appearance in the block
  bool is_text = false;                 ///< `codes` is filled, not `numbers`
  std::int64_t n_numbers = 0;           ///< cells that are numbers, infinite ones included
  std::int64_t n_texts = 0;             ///< cells that are neither numbers nor missing
  std::optional<NotedCell> first_text;
  std::optional<NotedCell> first_infinite;
};

/// The parsed fields of a TextBlock. Immutable once made, so that threads may convert columns side by side.
class CsvBlock {
 public:
  /// Throws DataError naming the line of a row that has not as many fields as the layout has columns.
  CsvBlock(std::shared_ptr<const CsvLayout> layout, TextBlock block);
  ~CsvBlock();
  CsvBlock(CsvBlock&&) noexcept;
  CsvBlock& operator=(CsvBlock&&) noexcept;
  CsvBlock(const CsvBlock&) = delete;
  CsvBlock& operator=(const CsvBlock&) = delete;

  [[nodiscard]] std::int64_t n_rows() const noexcept { return n_rows_; }
  [[nodiscard]] std::int64_t n_bytes() const noexcept { return n_bytes_; }
  [[nodiscard]] std::int64_t line_of(std::int64_t row) const noexcept;
  [[nodiscard]] std::int64_t first_line() const noexcept { return first_line_; }

  /// Where rows are not on consecutive lines from first_line() on; rows count from the block's first.
  [[nodiscard]] const std::vector<LineShift>& line_shifts() const noexcept { return line_shifts_; }

  /// Converts a column. Throws DataError naming line and column: a text or infinite cell under kNumeric, a category
  /// that is not UTF-8.
  [[nodiscard]] ColumnPiece convert(std::size_t column, ColumnPlan plan) const;

 private:
  void parse(const std::string& bytes);
  void find_line_shifts(const std::string& bytes);
  [[nodiscard]] std::string place(std::int64_t row, std::size_t column) const;
  [[nodiscard]] bool read_numbers(std::size_t column, ColumnPlan plan, ColumnPiece& piece) const;
  void read_texts(std::size_t column, ColumnPlan plan, ColumnPiece& piece) const;

  std::shared_ptr<const CsvLayout> layout_;
  std::unique_ptr<arrow::csv::BlockParser> parser_;
  std::int64_t first_line_ = 1;
  std::int64_t n_rows_ = 0;
  std::int64_t n_bytes_ = 0;
  std::vector<LineShift> line_shifts_;
};

}  // namespace slalom
