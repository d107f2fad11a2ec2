// SPDX-License-Identifier: Apache-2.0
// Collects the cells of a column whose format has types of its own (Parquet, Arrow, npy, LIBSVM).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/category_index.hpp"
#include "slalom/table.hpp"

namespace slalom {

/// A column while it is being read; numbers and texts are converted to the kind that is wanted. Cells are counted over
/// the whole file so that messages can name the row.
class TypedColumn {
 public:
  /// `source`: path for messages.
  TypedColumn(std::string source, std::string name, bool is_categorical)
      : source_(std::move(source)), name_(std::move(name)), is_categorical_(is_categorical) {}

  /// NaN is missing; as a category a number is its shortest text. Throws DataError naming row and column if `value` is
  /// infinite.
  void add_number(double value);

  /// As in a CSV cell: missing, a category, or (numeric column) a number. Throws DataError if it is text in a numeric
  /// column, or not UTF-8.
  void add_text(std::string_view text);

  void add_missing();

  void reserve(std::int64_t n_rows);

  /// The cells so far; the next piece starts empty.
  [[nodiscard]] Column take();

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool is_categorical() const noexcept { return is_categorical_; }

 private:
  void add_category(std::string_view text);
  [[noreturn]] void fail(const std::string& found_and_expected) const;

  std::string source_;
  std::string name_;
  bool is_categorical_;
  std::vector<double> numbers_;
  std::vector<std::int32_t> codes_;
  CategoryIndex categories_;
  std::int64_t n_taken_ = 0;  ///< cells of earlier pieces
};

}  // namespace slalom
