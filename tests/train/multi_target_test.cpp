// SPDX-License-Identifier: Apache-2.0
// Several regression targets at once reach the closed-form least-squares solution of each.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/job.hpp>

#include "core/philox.hpp"
#include "support/least_squares.hpp"
#include "support/shared_data.hpp"

namespace slalom::testing {
namespace {

/// Correlated features of very different scales, and three noisy targets of very different scales.
Table noisy_table(std::int64_t n) {
  core::PhiloxStream random(3, 0, core::RandomUse::kSynthetic, 0);
  const std::vector<double> scales{1.0, 1e3, 1e-3, 50.0};
  std::vector<NumericColumn> x(scales.size()), y(3);
  for (std::int64_t i = 0; i < n; ++i) {
    const double shared = random.uniform();
    std::vector<double> value;
    for (std::size_t j = 0; j < scales.size(); ++j) {
      value.push_back(0.5 * shared + random.uniform());
      x[j].values.push_back(scales[j] * value[j]);
    }
    y[0].values.push_back(3.0 * value[0] - 2.0 * value[1] + random.uniform());
    y[1].values.push_back(1e6 + 1e4 * (value[2] + value[3] * value[3] + random.uniform()));
    y[2].values.push_back(1e-4 * (value[1] - value[3] + 0.1 * random.uniform()));
  }
  Table table;
  table.n_rows = n;
  table.source = "noisy";
  for (std::size_t j = 0; j < x.size(); ++j) table.columns.emplace_back("x" + std::to_string(j), std::move(x[j]));
  for (std::size_t j = 0; j < y.size(); ++j) table.columns.emplace_back("y" + std::to_string(j), std::move(y[j]));
  return table;
}

/// Trains on all rows of `table`, whose other columns are all features, and compares predictions and metrics.
void expect_least_squares(const Table& table, const std::vector<std::string>& targets, DeviceKind device) {
  SCOPED_TRACE(std::string(name_of(device)));
  TrainJob job;
  job.preprocess.targets = targets;
  job.valid_fraction = 0.0;
  job.trainer.batch_size = 0;
  job.trainer.epochs = 4000;
  job.trainer.optimizer.learning_rate = 0.1;
  job.trainer.schedule.kind = ScheduleKind::kCosine;
  job.device = device;
  const JobResult result = run_job(job, table, nullptr, {});
  Notes notes;
  const Table found = Predictor(result.model, device).predict(table, notes);
  ASSERT_EQ(found.columns.size(), targets.size());

  const auto n = static_cast<std::size_t>(table.n_rows);
  const std::vector<double>& offset = result.model.preprocessing.offset;
  std::vector<std::vector<double>> design(n, {1.0});
  std::size_t feature = 0;
  for (const Column& column : table.columns) {
    if (std::find(targets.begin(), targets.end(), column.name()) != targets.end()) continue;
    double spread = 0.0;  // any scale will do for the closed form; this one is well conditioned
    for (const double value : column.numeric().values) spread = std::max(spread, std::fabs(value - offset[feature]));
    for (std::size_t i = 0; i < n; ++i) design[i].push_back((column.numeric().values[i] - offset[feature]) / spread);
    ++feature;
  }
  double mse = 0.0, r2 = 0.0;
  for (std::size_t t = 0; t < targets.size(); ++t) {
    EXPECT_EQ(found.columns[t].name(), "prediction_" + targets[t]);
    const std::vector<double>& y = table.columns[*table.find(targets[t])].numeric().values;
    const std::vector<double> c = least_squares(design, y);
    double squares = 0.0, mean = 0.0, spread = 0.0;
    for (const double value : y) mean += value / static_cast<double>(n);
    std::vector<double> fitted(n, 0.0);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < c.size(); ++j) fitted[i] += c[j] * design[i][j];
      squares += (y[i] - fitted[i]) * (y[i] - fitted[i]);
      spread += (y[i] - mean) * (y[i] - mean);
    }
    const double deviation = std::sqrt(spread / static_cast<double>(n));
    for (std::size_t i = 0; i < n; ++i) {
      ASSERT_NEAR(found.columns[t].numeric().values[i], fitted[i], 2e-3 * deviation) << targets[t] << ", row " << i;
    }
    mse += squares / static_cast<double>(n * targets.size());
    r2 += (1.0 - squares / spread) / static_cast<double>(targets.size());
  }
  const Metrics& metrics = result.members.at(0).train;
  EXPECT_NEAR(metrics.mse.value(), mse, 1e-4 * mse);
  EXPECT_NEAR(metrics.r2.value(), r2, 1e-4);
}

TEST(MultiTarget, ReachesLeastSquaresOnTargetsOfDifferentScales) {
  const Table table = noisy_table(300);
  expect_least_squares(table, {"y0", "y1", "y2"}, DeviceKind::kCpu);
  expect_least_squares(table, {"y2", "y0", "y1"}, DeviceKind::kReference);
}

TEST(MultiTarget, ReachesLeastSquaresOnWine) {
  if (shared_dir().empty()) GTEST_SKIP() << "no reference data beside the source tree";
  const Table wine = read_table((shared_dir() / "data" / "winequality-red.csv").string());
  expect_least_squares(wine, {"quality", "alcohol"}, DeviceKind::kCpu);
}

}  // namespace
}  // namespace slalom::testing
