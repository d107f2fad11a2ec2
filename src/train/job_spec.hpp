// SPDX-License-Identifier: Apache-2.0
// What a job trains: classes or numbers, which loss, and the sizes that follow from the data.
#pragma once

#include <slalom/job.hpp>

namespace slalom::training {

/// True if the job's loss (given or implied by the model and the target column) is one of classes.
[[nodiscard]] bool classifies(const TrainJob& job, const Table& table);

/// The loss of a job that names none.
[[nodiscard]] LossKind default_loss(ModelKind kind, bool classify, std::size_t n_classes);

/// Completes the model from the data: sizes, loss, and loss constants in standardised units. Throws DataError if the
/// loss does not fit the classes.
[[nodiscard]] ModelSpec complete_spec(const TrainJob& job, const Preprocessing& preprocessing);

/// Throws UsageError that names --threads unless it is 0 (all cores) to 1024.
void validate_threads(int threads);

}  // namespace slalom::training
