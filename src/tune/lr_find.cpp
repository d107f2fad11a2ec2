// SPDX-License-Identifier: Apache-2.0
// A range test on a job's data.
#include <slalom/lr_find.hpp>

#include <algorithm>
#include <optional>
#include <utility>

#include "train/prepared.hpp"

namespace slalom {

LrFindResult find_learning_rate(const TrainJob& job, const RangeTestConfig& config, const std::atomic<bool>* stop) {
  validate(job);
  validate(config);
  const Table table = read_table(job.data, job.read);
  std::optional<Table> valid;
  if (!job.valid.empty()) valid = read_table(job.valid, job.read);
  LrFindResult result;
  const auto rows = training::rows_of_job(job, table, valid.has_value(), result.notes);
  const auto prepared = training::prepare(job, table, valid ? &*valid : nullptr, rows.split, result.notes);
  const RangeTestMember member{.optimizer = job.trainer.optimizer, .batch_size = job.trainer.batch_size};
  const RangeTestPlace place{
      .device = job.device,
      .options = {.threads = job.threads, .precision = job.precision, .device_memory = job.device_memory},
      .seed = job.trainer.seed,
      .shuffle = job.trainer.shuffle};
  RangeTestResult test = range_test(prepared.spec, prepared.train, {&member, 1}, config, place, stop);
  result.finding = std::move(test.findings.at(0));
  result.device_description = std::move(test.device_description);
  result.device_reason = std::move(test.device_reason);
  result.interrupted = test.interrupted;
  result.train_rows = prepared.train.n_rows;
  result.batch_size =
      member.batch_size > 0 ? std::min(member.batch_size, prepared.train.n_rows) : prepared.train.n_rows;
  return result;
}

}  // namespace slalom
