// SPDX-License-Identifier: Apache-2.0
// Names of classes and categories: numbers as text, levels by name, classes in label order.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <slalom/preprocess.hpp>

#include "data/row_list.hpp"

namespace slalom::data {

/// The shortest text that reads back as the number: 3, 0.5, 1e+20.
[[nodiscard]] std::string number_text(double value);

/// Numbers as categories, for a column that was text in training.
[[nodiscard]] CategoricalColumn as_categories(const NumericColumn& numbers);

/// What a column's categories are in a fitted column: its level, width() - 1 for "other", or -1 for an unseen one.
[[nodiscard]] std::vector<std::int32_t> level_codes(const InputColumn& input,
                                                    const std::vector<std::string>& categories);

/// What the classes of a numeric target (Preprocessing::numeric_classes) are as numbers.
[[nodiscard]] std::vector<double> class_numbers(const std::vector<std::string>& classes);

/// Classes with their counts in label order: by number if the column is numeric, else by name.
using ClassCounts = std::vector<std::pair<std::string, std::int64_t>>;

/// Counts the classes among the rows. Throws DataError if a numeric target has too many distinct values to be classes.
[[nodiscard]] ClassCounts count_classes(const Table& table, const Column& column, const RowList& rows);

}  // namespace slalom::data
