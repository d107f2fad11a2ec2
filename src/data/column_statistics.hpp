// SPDX-License-Identifier: Apache-2.0
// Where the values of a column lie.
#pragma once

#include <cstdint>
#include <vector>

#include <slalom/preprocess.hpp>

#include "data/row_list.hpp"

namespace slalom::data {

/// Of the given rows of a column of numbers.
[[nodiscard]] ColumnStatistics number_statistics(const std::vector<double>& values, const RowList& rows);

/// Of a column of categories. `level_of`: the level of each category, -1 for one that is none of the `n_levels`.
[[nodiscard]] ColumnStatistics level_statistics(const CategoricalColumn& cells, const RowList& rows,
                                                const std::vector<std::int32_t>& level_of, std::int64_t n_levels);

/// Of the feature `input` in `column`, which is read as numbers or categories as the feature is.
[[nodiscard]] ColumnStatistics input_statistics(const InputColumn& input, const Column& column, const RowList& rows);

/// Of the target number `target`, in `column`: numbers, or the shares of the classes.
[[nodiscard]] ColumnStatistics target_statistics(const Preprocessing& preprocessing, const Column& column,
                                                 const RowList& rows);

}  // namespace slalom::data
