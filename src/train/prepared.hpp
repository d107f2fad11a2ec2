// SPDX-License-Identifier: Apache-2.0
// A job's data ready for a backend: split, preprocessing fitted on the training rows, the model's sizes.
#pragma once

#include <optional>

#include <slalom/job.hpp>

#include "data/split.hpp"

namespace slalom::training {

/// Everything that one training needs, fitted on its training rows alone.
struct Prepared {
  Preprocessing preprocessing;
  ModelSpec spec;
  Dataset train;
  std::optional<Dataset> valid;
  std::vector<double> start;         ///< parameters of every member; empty: initial ones
  std::optional<DriftReport> drift;  ///< with a start: of the training rows
};

/// The rows of a job before anything is fitted.
struct JobRows {
  std::vector<std::uint32_t> usable;  ///< with every target
  data::RowSplit split;               ///< no validation rows if they come from `valid` or from folds
};
[[nodiscard]] JobRows rows_of_job(const TrainJob& job, const Table& table, bool has_valid_table, Notes& notes);

/// Fits on split.train (or takes from job.start) and applies to both parts; `valid_table`, if given, takes the place of split.valid.
[[nodiscard]] Prepared prepare(const TrainJob& job, const Table& table, const Table* valid_table,
                               const data::RowSplit& split, Notes& notes);

/// Names of the table's columns that are neither features nor targets nor weights.
[[nodiscard]] std::vector<std::string> unused_columns(const Table& table, const Preprocessing& preprocessing);

}  // namespace slalom::training
