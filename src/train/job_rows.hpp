// SPDX-License-Identifier: Apache-2.0
// Which rows of a table a job trains on and which it holds out.
#pragma once

#include <cstdint>
#include <vector>

#include <slalom/preprocess.hpp>

#include "data/split.hpp"

namespace slalom::training {

/// The rows in which every target has a value, ascending; a note says how many have none. Throws DataError if no row
/// has, UsageError for a target that is not there.
[[nodiscard]] std::vector<std::uint32_t> rows_with_targets(const Table& table, const std::vector<std::string>& targets,
                                                           Notes& notes);

/// All usable rows, and the parts of k folds or of one split drawn from them.
[[nodiscard]] data::RowSplit split_of(const std::vector<std::uint32_t>& usable, double valid_fraction,
                                      std::uint64_t seed);
[[nodiscard]] std::vector<data::RowSplit> folds_of(const std::vector<std::uint32_t>& usable, std::int64_t k,
                                                   std::uint64_t seed);

/// Moves held-out rows of classes that no training row has to the training part, with a note: a class must be trained
/// on before it can be predicted.
void train_on_every_class(const Table& table, const std::string& target, data::RowSplit& split, Notes& notes);

}  // namespace slalom::training
