// SPDX-License-Identifier: Apache-2.0
// One block of a CSV file: split into fields by Arrow, and turned into columns.
#include "data/csv_block.hpp"
#include "data/arrow_pool.hpp"

#include <arrow/csv/options.h>
#include <arrow/csv/parser.h>
#include <fmt/format.h>

#include <limits>
#include <string_view>
#include <utility>

#include "data/arrow_error.hpp"
#include "data/category_index.hpp"
#include "data/cell_text.hpp"
#include "data/record_scanner.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

constexpr double kMissingNumber = std::numeric_limits<double>::quiet_NaN();

/// Calls visit(content, quoted) for the cells of a column from the top until it returns false.
template <class Visit>
void for_each_cell(const arrow::csv::BlockParser& parser, std::size_t column, const Visit& visit) {
  std::string scratch;
  // Older Arrow versions pass three arguments, newer ones a fourth (padding), which never occurs with the options used
  // here.
  const auto status = parser.VisitColumn(
      static_cast<std::int32_t>(column), [&](const std::uint8_t* data, std::uint32_t size, bool quoted, auto...) {
        const std::string_view field(reinterpret_cast<const char*>(data), size);
        return visit(field_content(field, quoted, scratch), quoted) ? arrow::Status::OK()
                                                                    : arrow::Status::Cancelled("");
      });
  if (!status.ok() && !status.IsCancelled()) throw_arrow_error(status, "block");
}

/// A line of blanks only is skipped, like an empty one; in a table of one column it is a missing cell.
bool is_blank_record(const Record& record, std::size_t n_columns) {
  return record.text.empty() || (n_columns > 1 && record.n_fields == 1 && trim_blanks(record.text).empty());
}

}  // namespace

CsvBlock::CsvBlock(std::shared_ptr<const CsvLayout> layout, TextBlock block)
    : layout_(std::move(layout)),
      first_line_(block.first_line),
      n_bytes_(static_cast<std::int64_t>(block.bytes.size())) {
  if (layout_->delimiter == ' ') block.bytes = collapse_blanks(block.bytes);
  parse(block.bytes);
  const bool ends_in_line = !block.bytes.empty() && block.bytes.back() != '\n' && block.bytes.back() != '\r';
  if (count_line_ends(block.bytes) + (ends_in_line ? 1 : 0) != n_rows_) find_line_shifts(block.bytes);
}

CsvBlock::~CsvBlock() = default;
CsvBlock::CsvBlock(CsvBlock&&) noexcept = default;
CsvBlock& CsvBlock::operator=(CsvBlock&&) noexcept = default;

void CsvBlock::parse(const std::string& bytes) {
  const auto n_columns = static_cast<std::int32_t>(layout_->names.size());
  auto options = arrow::csv::ParseOptions::Defaults();
  options.delimiter = layout_->delimiter;
  options.newlines_in_values = true;  // blocks end where records end, so line ends in quotes are safe
  std::int32_t bad_fields = -1;
  std::int64_t bad_record = -1;
  options.invalid_row_handler = [&](const arrow::csv::InvalidRow& row) {
    if (row.actual_columns == 1 && trim_blanks(row.text).empty()) return arrow::csv::InvalidRowResult::Skip;
    bad_fields = row.actual_columns;
    bad_record = row.number;
    return arrow::csv::InvalidRowResult::Error;
  };
  parser_ = std::make_unique<arrow::csv::BlockParser>(throwing_pool(), options, n_columns, 0,
                                                      std::numeric_limits<std::int32_t>::max());
  std::uint32_t n_parsed = 0;
  const auto status = parser_->ParseFinal(bytes, &n_parsed);
  if (bad_fields >= 0) {
    // The parser counts all records but empty lines; the line follows from scanning them again.
    std::int64_t line = first_line_;
    std::size_t offset = 0;
    while (const auto record = scan_record(bytes, offset, layout_->delimiter)) {
      if (!record->text.empty() && bad_record-- == 0) break;
      offset = record->next;
      line += record->n_lines;
    }
    throw DataError(fmt::format("{}, line {}: found {} field{}, expected {}", layout_->source, line, bad_fields,
                                bad_fields == 1 ? "" : "s", n_columns));
  }
  check_arrow(status, layout_->source);
  if (n_parsed != bytes.size()) throw DataError(layout_->source + ": cannot be split into records");
  n_rows_ = parser_->num_rows();
}

void CsvBlock::find_line_shifts(const std::string& bytes) {
  std::int64_t row = 0;
  std::int64_t line = 0;
  std::int64_t shift = 0;
  std::size_t offset = 0;
  while (const auto record = scan_record(bytes, offset, layout_->delimiter)) {
    if (!is_blank_record(*record, layout_->names.size())) {
      if (line - row != shift) {
        shift = line - row;
        line_shifts_.push_back({.row = row, .lines = shift});
      }
      ++row;
    }
    line += record->n_lines;
    offset = record->next;
  }
}

std::int64_t CsvBlock::line_of(std::int64_t row) const noexcept {
  return first_line_ + row + shift_at(line_shifts_, row);
}

std::string CsvBlock::place(std::int64_t row, std::size_t column) const {
  return fmt::format("{}, line {}, column {}", layout_->source, line_of(row),
                     quote_for_message(layout_->names[column]));
}

bool CsvBlock::read_numbers(std::size_t column, ColumnPlan plan, ColumnPiece& piece) const {
  piece.numbers.reserve(static_cast<std::size_t>(n_rows_));
  bool only_numbers = true;
  std::int64_t row = 0;
  for_each_cell(*parser_, column, [&](std::string_view content, bool) {
    const std::string_view text = trim_blanks(content);
    double value = kMissingNumber;
    const CellKind kind = parse_cell(text, value);
    if (kind == CellKind::kText) {
      if (plan == ColumnPlan::kNumeric) {
        throw DataError(fmt::format("{}: found {}, expected a number", place(row, column), quote_for_message(text)));
      }
      only_numbers = false;
      return false;
    }
    if (kind == CellKind::kInfinite) {
      if (plan == ColumnPlan::kNumeric) {
        throw DataError(
            fmt::format("{}: found {}, expected a finite number", place(row, column), quote_for_message(text)));
      }
      if (!piece.first_infinite) piece.first_infinite = {.line = line_of(row), .text = std::string(text)};
    }
    piece.n_numbers += kind == CellKind::kMissing ? 0 : 1;
    piece.numbers.push_back(value);
    ++row;
    return true;
  });
  return only_numbers;
}

void CsvBlock::read_texts(std::size_t column, ColumnPlan plan, ColumnPiece& piece) const {
  CategoryIndex index;
  piece.is_text = true;
  if (plan != ColumnPlan::kCount) piece.codes.reserve(static_cast<std::size_t>(n_rows_));
  std::int64_t row = -1;
  for_each_cell(*parser_, column, [&](std::string_view content, bool quoted) {
    ++row;
    const std::string_view text = trim_blanks(content);
    if (is_missing_text(text)) {
      if (plan != ColumnPlan::kCount) piece.codes.push_back(CategoricalColumn::kMissing);
      return true;
    }
    if (plan != ColumnPlan::kCategorical) {
      double value = 0;
      const CellKind kind = parse_cell(text, value);
      if (kind == CellKind::kInfinite && !piece.first_infinite) {
        piece.first_infinite = {.line = line_of(row), .text = std::string(text)};
      }
      if (kind == CellKind::kText && !piece.first_text) {
        piece.first_text = {.line = line_of(row), .text = std::string(text)};
      }
      (kind == CellKind::kText ? piece.n_texts : piece.n_numbers) += 1;
      if (plan == ColumnPlan::kCount) return true;
    }
    const auto [code, is_new] = index.insert(canonical_category(quoted ? content : text));
    if (is_new && !is_utf8(content)) {
      throw DataError(fmt::format("{}: {} is not UTF-8; convert the file to UTF-8", place(row, column),
                                  quote_for_message(content)));
    }
    piece.codes.push_back(code);
    return true;
  });
  piece.categories = index.take();
}

ColumnPiece CsvBlock::convert(std::size_t column, ColumnPlan plan) const {
  ColumnPiece piece;
  if (plan == ColumnPlan::kNumeric || plan == ColumnPlan::kInferNumbers) {
    if (read_numbers(column, plan, piece)) return piece;
    piece = ColumnPiece{};
  }
  read_texts(column, plan, piece);
  return piece;
}

}  // namespace slalom
