// SPDX-License-Identifier: Apache-2.0
// Training that goes on from a trained model with new data.
#pragma once

#include <span>
#include <string>

#include <slalom/job.hpp>

#include "train/prepared.hpp"

namespace slalom::training {

/// Reader options that make a raw file readable for the model: column kinds, LIBSVM width. For kPredict target and weight
/// columns need not be there.
[[nodiscard]] ReadOptions reading_for(const Model& model, ReadOptions options, Purpose purpose);

/// Checks settings against job.start. Throws UsageError that names the flag.
void validate_start(const TrainJob& job);

/// The preprocessing, parameters and drift of a job with a start; its datasets are not made yet. Throws DataError if
/// the data lack a column of the model.
[[nodiscard]] Prepared continued(const TrainJob& job, const Table& table, std::span<const std::uint32_t> train_rows,
                                 Notes& notes);

/// One line for people if the data have moved far from those of the model in the file `name`; else empty.
[[nodiscard]] std::string drift_warning(const DriftReport& drift, const std::string& name);

}  // namespace slalom::training
