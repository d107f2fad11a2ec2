// SPDX-License-Identifier: Apache-2.0
// Whole jobs on tables in memory: which rows are trained on, and what leaks from those that are not.
#include <slalom/job.hpp>

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "core/philox.hpp"
#include "data/split.hpp"

namespace slalom {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

/// y = 3 a - level + noise, with a missing `a` here and there and levels of which some are rare.
Table make_table(std::int64_t n) {
  core::PhiloxStream random(11, 0, core::RandomUse::kSynthetic, 2);
  NumericColumn a, y;
  CategoricalColumn level{.codes = {}, .categories = {"p", "q", "r", "s"}};
  for (std::int64_t i = 0; i < n; ++i) {
    const auto code = static_cast<std::int32_t>(random.below(8) < 7 ? random.below(2) : 2 + random.below(2));
    const double value = 10.0 + 5.0 * random.uniform();
    a.values.push_back(random.below(10) == 0 ? kMissing : value);
    level.codes.push_back(code);
    y.values.push_back(3.0 * value - code + random.uniform());
  }
  Table table{.columns = {}, .n_rows = n, .source = "made"};
  table.columns.emplace_back("a", std::move(a));
  table.columns.emplace_back("level", std::move(level));
  table.columns.emplace_back("y", std::move(y));
  return table;
}

/// The rows of `table` as a table of their own, as a file of them would be read: unused categories are gone.
Table rows_of(const Table& table, const std::vector<std::uint32_t>& rows) {
  Table part{.columns = {}, .n_rows = static_cast<std::int64_t>(rows.size()), .source = table.source};
  for (const Column& column : table.columns) {
    if (column.is_numeric()) {
      NumericColumn numbers;
      for (const std::uint32_t row : rows) numbers.values.push_back(column.numeric().values[row]);
      part.columns.emplace_back(column.name(), std::move(numbers));
      continue;
    }
    const CategoricalColumn& all = column.categorical();
    CategoricalColumn cells;
    for (const std::uint32_t row : rows) {
      const std::string& name = all.categories[static_cast<std::size_t>(all.codes[row])];
      const auto found = std::find(cells.categories.begin(), cells.categories.end(), name);
      cells.codes.push_back(static_cast<std::int32_t>(found - cells.categories.begin()));
      if (found == cells.categories.end()) cells.categories.push_back(name);
    }
    part.columns.emplace_back(column.name(), std::move(cells));
  }
  return part;
}

TrainJob job_of(const char* target) {
  TrainJob job;
  job.preprocess.targets = {target};
  job.trainer.epochs = 3;
  job.trainer.batch_size = 8;
  job.trainer.optimizer.learning_rate = 0.05;
  job.device = DeviceKind::kCpu;
  job.threads = 1;
  return job;
}

bool any_contains(const Notes& notes, const std::string& text) {
  return std::any_of(notes.begin(), notes.end(),
                     [&](const std::string& n) { return n.find(text) != std::string::npos; });
}

TEST(Job, AFoldIsTheTrainingOfItsRowsAlone) {
  const Table table = make_table(60);
  TrainJob job = job_of("y");
  job.folds = 4;
  const JobResult result = run_job(job, table, nullptr, {});
  ASSERT_EQ(result.folds.size(), 4U);

  const auto folds = data::fold_rows(60, 4, job.trainer.seed);
  job.folds = 0;
  for (std::size_t k = 0; k < folds.size(); ++k) {
    std::vector<std::uint32_t> others;
    for (std::uint32_t row = 0; row < 60; ++row) {
      if (std::find(folds[k].begin(), folds[k].end(), row) == folds[k].end()) others.push_back(row);
    }
    const Table train = rows_of(table, others), valid = rows_of(table, folds[k]);
    const JobResult alone = run_job(job, train, &valid, {});
    EXPECT_EQ(result.folds[k].valid->mse, alone.members[0].valid->mse) << "fold " << k;
    EXPECT_EQ(result.folds[k].train.mse, alone.members[0].train.mse) << "fold " << k;
  }
}

TEST(Job, FoldsDoNotChangeTheModel) {
  const Table table = make_table(40);
  TrainJob job = job_of("y");
  job.valid_fraction = 0.0;
  const JobResult plain = run_job(job, table, nullptr, {});
  job.folds = 3;
  const JobResult crossed = run_job(job, table, nullptr, {});
  EXPECT_EQ(plain.model.parameters, crossed.model.parameters);
  EXPECT_EQ(crossed.train_rows, 40);
  EXPECT_EQ(crossed.training.samples, plain.training.samples * 3);  // the model, and folds of 2/3 of the rows
}

TEST(Job, RowsWithoutTargetDoNotEnterTheStatistics) {
  Table table = make_table(40);
  NumericColumn a = table.columns[0].numeric(), y = table.columns[2].numeric();
  for (const std::size_t row : {3U, 17U}) {
    a.values[row] = 1e9;
    y.values[row] = kMissing;
  }
  table.columns[0] = Column("a", a);
  table.columns[2] = Column("y", y);
  std::vector<std::uint32_t> kept;
  for (std::uint32_t row = 0; row < 40; ++row) {
    if (row != 3 && row != 17) kept.push_back(row);
  }
  const JobResult with = run_job(job_of("y"), table, nullptr, {});
  const JobResult without = run_job(job_of("y"), rows_of(table, kept), nullptr, {});
  EXPECT_EQ(with.model.preprocessing.offset, without.model.preprocessing.offset);
  EXPECT_EQ(with.model.parameters, without.model.parameters);
  EXPECT_TRUE(any_contains(with.notes, "made: 2 of 40 rows have no target and are left out"));
}

TEST(Job, AClassThatWasDrawnForValidationOnlyIsTrainedOn) {
  Table table = make_table(30);
  CategoricalColumn kind{.codes = std::vector<std::int32_t>(30, 0), .categories = {"common", "usual", "single"}};
  for (std::size_t i = 0; i < 30; i += 2) kind.codes[i] = 1;
  bool moved = false;
  for (std::size_t at = 0; at < 30; ++at) {
    CategoricalColumn cells = kind;
    cells.codes[at] = 2;
    table.columns[2] = Column("kind", cells);
    TrainJob job = job_of("kind");
    job.model.kind = ModelKind::kSoftmax;
    const JobResult result = run_job(job, table, nullptr, {});
    EXPECT_EQ(result.model.preprocessing.classes.size(), 3U);
    EXPECT_EQ(result.train_rows + result.valid_rows, 30);
    const bool noted = any_contains(result.notes, "1 row drawn for validation have a class that no training row has");
    EXPECT_EQ(noted, result.train_rows == 25) << "row " << at;
    moved = moved || noted;
    job.folds = 3;
    EXPECT_EQ(run_job(job, table, nullptr, {}).folds.size(), 3U) << "row " << at;
  }
  EXPECT_TRUE(moved) << "the single row was never drawn for validation: the test shows nothing";
}

}  // namespace
}  // namespace slalom
