// SPDX-License-Identifier: Apache-2.0
// Splits, fits preprocessing and builds the datasets of a job.
#include "train/prepared.hpp"

#include <set>

#include "train/continuation.hpp"
#include "train/job_rows.hpp"
#include "train/job_spec.hpp"

namespace slalom::training {

JobRows rows_of_job(const TrainJob& job, const Table& table, bool has_valid_table, Notes& notes) {
  JobRows rows;
  rows.usable = rows_with_targets(table, job.preprocess.targets, notes);
  const bool holds_out = !has_valid_table && job.folds == 0;
  rows.split = split_of(rows.usable, holds_out ? job.valid_fraction : 0.0, job.trainer.seed);
  if (classifies(job, table)) train_on_every_class(table, job.preprocess.targets.at(0), rows.split, notes);
  return rows;
}

Prepared prepare(const TrainJob& job, const Table& table, const Table* valid_table, const data::RowSplit& split,
                 Notes& notes) {
  Prepared p;
  if (job.start != nullptr) {
    p = continued(job, table, split.train, notes);
  } else {
    p.preprocessing = fit_preprocessing(table, split.train, classifies(job, table), job.preprocess, notes);
  }
  p.spec = complete_spec(job, p.preprocessing);
  const bool labels = p.spec.loss.kind == LossKind::kCrossEntropy;
  p.train = apply_preprocessing(p.preprocessing, table, split.train, Purpose::kTrain, labels, notes);
  if (valid_table != nullptr) {
    p.valid = apply_preprocessing(p.preprocessing, *valid_table, {}, Purpose::kEvaluate, labels, notes);
  } else if (!split.valid.empty()) {
    p.valid = apply_preprocessing(p.preprocessing, table, split.valid, Purpose::kEvaluate, labels, notes);
  }
  return p;
}

std::vector<std::string> unused_columns(const Table& table, const Preprocessing& preprocessing) {
  std::set<std::string> used(preprocessing.targets.begin(), preprocessing.targets.end());
  used.insert(preprocessing.weight_column);
  for (const InputColumn& column : preprocessing.inputs) used.insert(column.name);
  std::vector<std::string> unused;
  for (const Column& column : table.columns) {
    if (!used.contains(column.name())) unused.push_back(column.name());
  }
  return unused;
}

}  // namespace slalom::training
