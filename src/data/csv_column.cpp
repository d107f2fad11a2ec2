// SPDX-License-Identifier: Apache-2.0
// Puts the pieces of one CSV column together and finds out whether it is numeric or categorical.
#include "data/csv_column.hpp"

#include <fmt/format.h>

#include "data/cell_text.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

ColumnPlan plan_for(std::optional<bool> kind) {
  if (!kind) return ColumnPlan::kInferNumbers;
  return *kind ? ColumnPlan::kCategorical : ColumnPlan::kNumeric;
}

bool keeps_texts(ColumnPlan plan) { return plan == ColumnPlan::kCategorical || plan == ColumnPlan::kInferText; }

}  // namespace

CsvColumn::CsvColumn(std::string name, std::optional<bool> kind) : name_(std::move(name)), plan_(plan_for(kind)) {}

void CsvColumn::count(ColumnPiece& piece) {
  n_numbers_ += piece.n_numbers;
  n_texts_ += piece.n_texts;
  if (!first_text_) first_text_ = std::move(piece.first_text);
  if (!first_infinite_) first_infinite_ = std::move(piece.first_infinite);
}

void CsvColumn::append(const CsvBlock& block, std::size_t index, ColumnPiece piece) {
  if (keeps_texts(plan_) && !piece.is_text) piece = block.convert(index, plan_);
  if (plan_ == ColumnPlan::kInferNumbers && piece.is_text) {
    if (n_numbers_ == 0) {
      plan_ = ColumnPlan::kInferText;
      codes_.assign(numbers_.size(), CategoricalColumn::kMissing);
    } else {
      plan_ = ColumnPlan::kCount;
    }
    numbers_ = {};
  }
  count(piece);
  if (keeps_texts(plan_)) {
    append_codes(piece);
  } else if (plan_ != ColumnPlan::kCount) {
    numbers_.insert(numbers_.end(), piece.numbers.begin(), piece.numbers.end());
  }
}

void CsvColumn::append_codes(const ColumnPiece& piece) {
  std::vector<std::int32_t> merged;
  merged.reserve(piece.categories.size());
  for (const std::string& category : piece.categories) merged.push_back(categories_.insert(category).first);
  codes_.reserve(codes_.size() + piece.codes.size());
  for (const std::int32_t code : piece.codes) {
    codes_.push_back(code == CategoricalColumn::kMissing ? code : merged[static_cast<std::size_t>(code)]);
  }
}

void CsvColumn::check(const std::string& source) const {
  if (plan_ == ColumnPlan::kNumeric || plan_ == ColumnPlan::kCategorical) return;
  const auto place = [&](const NotedCell& cell) {
    return fmt::format("{}, line {}, column {}: found {}", source, cell.line, quote_for_message(name_),
                       quote_for_message(cell.text));
  };
  if (n_texts_ > 0) {
    if (n_numbers_ < 9 * n_texts_) return;
    const bool plain = name_.find_first_of(" \t\"'") == std::string::npos;
    throw DataError(
        fmt::format("{}, expected a number as in {} of the column's {} cells; correct it, or say --categorical {}",
                    place(*first_text_), n_numbers_, n_numbers_ + n_texts_, plain ? name_ : quote_for_message(name_)));
  }
  if (first_infinite_) throw DataError(place(*first_infinite_) + ", expected a finite number");
}

Column CsvColumn::take() {
  if (keeps_texts(plan_)) {
    return {name_, CategoricalColumn{.codes = std::exchange(codes_, {}), .categories = categories_.take()}};
  }
  return {name_, NumericColumn{.values = std::exchange(numbers_, {})}};
}

}  // namespace slalom
