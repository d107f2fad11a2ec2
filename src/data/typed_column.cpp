// SPDX-License-Identifier: Apache-2.0
// Collects the cells of a column whose format has types of its own (Parquet, Arrow, npy, LIBSVM).
#include "data/typed_column.hpp"

#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "data/cell_text.hpp"
#include "slalom/error.hpp"

namespace slalom {

void TypedColumn::fail(const std::string& found_and_expected) const {
  const std::size_t row = is_categorical_ ? codes_.size() : numbers_.size();
  throw DataError(fmt::format("{}, row {}, column {}: {}", source_, n_taken_ + static_cast<std::int64_t>(row),
                              quote_for_message(name_), found_and_expected));
}

void TypedColumn::add_number(double value) {
  if (std::isinf(value)) fail(fmt::format("found {}inf, expected a finite number", value < 0 ? "-" : ""));
  if (!is_categorical_) {
    numbers_.push_back(value);
  } else if (std::isnan(value)) {
    add_missing();
  } else {
    std::string text;
    append_number(text, value);
    add_category(text);
  }
}

void TypedColumn::add_text(std::string_view text) {
  const std::string_view trimmed = trim_blanks(text);
  if (is_missing_text(trimmed)) return add_missing();
  if (is_categorical_) return add_category(canonical_category(text));
  double value = 0;
  if (parse_cell(trimmed, value) != CellKind::kNumber) {
    fail(fmt::format("found {}, expected a number", quote_for_message(trimmed)));
  }
  numbers_.push_back(value);
}

void TypedColumn::add_missing() {
  if (is_categorical_) {
    codes_.push_back(CategoricalColumn::kMissing);
  } else {
    numbers_.push_back(std::numeric_limits<double>::quiet_NaN());
  }
}

void TypedColumn::add_category(std::string_view text) {
  const auto [code, is_new] = categories_.insert(text);
  if (is_new && !is_utf8(text)) fail(fmt::format("{} is not UTF-8", quote_for_message(text)));
  codes_.push_back(code);
}

void TypedColumn::reserve(std::int64_t n_rows) {
  if (is_categorical_) {
    codes_.reserve(static_cast<std::size_t>(n_rows));
  } else {
    numbers_.reserve(static_cast<std::size_t>(n_rows));
  }
}

Column TypedColumn::take() {
  if (is_categorical_) {
    n_taken_ += static_cast<std::int64_t>(codes_.size());
    return {name_, CategoricalColumn{.codes = std::exchange(codes_, {}), .categories = categories_.take()}};
  }
  n_taken_ += static_cast<std::int64_t>(numbers_.size());
  return {name_, NumericColumn{.values = std::exchange(numbers_, {})}};
}

}  // namespace slalom
