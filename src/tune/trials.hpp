// SPDX-License-Identifier: Apache-2.0
// Which settings a tuning job tries.
#pragma once

#include <vector>

#include <slalom/tune.hpp>

namespace slalom::tuning {

/// The batch sizes of a job over n_rows training rows, ascending as given or chosen; "all" and n_rows are one. Throws
/// UsageError for one beyond n_rows.
[[nodiscard]] std::vector<std::int64_t> batch_sizes_of(const TuneJob& job, std::int64_t n_rows);

/// The optimiser settings that are tried at every batch size: all combinations (grid), or job.trials of them drawn from
/// (seed), without duplicates. Rates are those of the job's own batch size.
[[nodiscard]] std::vector<OptimizerConfig> settings_of(const TuneJob& job);

/// The rate at `batch_size` by the job's rule from `rate` at the job's own batch size. Not for kFind.
[[nodiscard]] double scaled_rate(LrRule rule, double rate, std::int64_t batch_size, std::int64_t own_batch_size);

}  // namespace slalom::tuning
