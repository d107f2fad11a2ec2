// SPDX-License-Identifier: Apache-2.0
// Tuning from a file to a recommendation.
#include <slalom/tune.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "core/philox.hpp"
#include "data/temp_files.hpp"
#include "support/message_of.hpp"

namespace slalom {
namespace {

using testing::TempFolder;

/// y = 3 a - 2 b + uniform noise.
std::string noisy_plane(int n) {
  std::ostringstream csv;
  csv << "a,b,y\n";
  core::PhiloxStream random(9, 0, core::RandomUse::kSynthetic, 0);
  for (int i = 0; i < n; ++i) {
    const double a = random.uniform(), b = random.uniform();
    csv << a << ',' << b << ',' << 3.0 * a - 2.0 * b + 0.3 * random.uniform() << '\n';
  }
  return csv.str();
}

TuneJob job_on(const std::string& path) {
  TuneJob job;
  job.train.data = path;
  job.train.preprocess.targets = {"y"};
  job.train.trainer.epochs = 6;
  job.train.threads = 2;
  job.batch_sizes = {8, 64, 0};
  job.repeats = 2;
  job.measure_seconds = 0.003;
  return job;
}

TuneResult run(const TuneJob& job, const std::atomic<bool>* stop = nullptr) {
  TuneObserver silent;
  return tune(job, silent, stop);
}

/// Everything but times.
void expect_same(const TuneResult& a, const TuneResult& b) {
  ASSERT_EQ(a.rows.size(), b.rows.size());
  for (std::size_t i = 0; i < a.rows.size(); ++i) {
    EXPECT_EQ(a.rows[i].trial.optimizer.learning_rate, b.rows[i].trial.optimizer.learning_rate);
    ASSERT_EQ(a.rows[i].runs.size(), b.rows[i].runs.size());
    for (std::size_t r = 0; r < a.rows[i].runs.size(); ++r) {
      const TrialRun &x = a.rows[i].runs[r], &y = b.rows[i].runs[r];
      EXPECT_EQ(x.reason, y.reason);
      ASSERT_EQ(x.curve.size(), y.curve.size()) << i << ' ' << r;
      for (std::size_t e = 0; e < x.curve.size(); ++e) EXPECT_EQ(x.curve[e].loss, y.curve[e].loss);
    }
  }
  EXPECT_EQ(a.target_loss, b.target_loss);
}

TEST(Tune, MeasuresEveryRowAndRecommendsOne) {
  const TempFolder folder;
  const TuneResult result = run(job_on(folder.file("data.csv", noisy_plane(600))));
  ASSERT_EQ(result.rows.size(), 3U);
  EXPECT_EQ(result.train_rows, 480);
  EXPECT_EQ(result.valid_rows, 120);
  EXPECT_TRUE(result.validated);
  for (const TuneRow& row : result.rows) {
    ASSERT_TRUE(row.speed.has_value());
    EXPECT_GT(row.speed->samples_per_second, 0.0);
    EXPECT_LE(row.speed->slowest, row.speed->samples_per_second);
    EXPECT_GE(row.speed->fastest, row.speed->samples_per_second);
    EXPECT_GT(row.speed->memory_bytes, 480 * 4 * 3);
    EXPECT_FALSE(row.speed->memory_measured);
    EXPECT_EQ(row.runs.size(), 2U);
    EXPECT_EQ(row.runs[0].seed, 1U);
    EXPECT_EQ(row.runs[1].seed, 2U);
  }
  EXPECT_EQ(result.rows[0].steps_per_epoch, 60);
  EXPECT_EQ(result.rows[2].rows_per_step, 480);
  ASSERT_TRUE(result.recommended.has_value());
  EXPECT_TRUE(result.rows[static_cast<std::size_t>(*result.recommended)].seconds_to_target.has_value());
  ASSERT_TRUE(result.noise.has_value());
  EXPECT_EQ(result.noise->points.size(), 4U);  // epochs 0, 1, 2, 4
  EXPECT_GT(result.noise->points[0].estimate.gradient_squared, 0.0);
  EXPECT_EQ(result.notes, Notes{});
}

TEST(Tune, DependsOnTheSeedOnlyApartFromTimes) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(500)));
  const TuneResult first = run(job);
  job.train.threads = 1;
  expect_same(first, run(job));
}

TEST(Tune, TrainsARowAsTrainDoes) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(300)));
  job.lr_rule = LrRule::kSqrt;
  job.train.trainer.optimizer.learning_rate = 0.01;
  job.early_stop = false;
  const TuneResult result = run(job);
  for (const TuneRow& row : result.rows) {
    TrainJob alone = job.train;
    alone.device = DeviceKind::kCpu;
    alone.trainer.batch_size = row.trial.batch_size;
    alone.trainer.optimizer = row.trial.optimizer;
    const JobResult trained = run_job(alone, {});
    ASSERT_EQ(row.runs[0].curve.size(), 6U);
    EXPECT_EQ(row.runs[0].curve.back().loss, trained.members.at(0).valid->loss);
  }
  EXPECT_DOUBLE_EQ(result.rows[0].trial.optimizer.learning_rate, 0.01 * std::sqrt(8.0 / 64.0));
  EXPECT_DOUBLE_EQ(result.rows[2].trial.optimizer.learning_rate, 0.01 * std::sqrt(240.0 / 64.0));
}

TEST(Tune, ReportsRowsThatDivergeAndRecommendsAnother) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(2000)));
  job.batch_sizes = {8};
  job.optimizers = {OptimizerKind::kSgd};
  job.lr_rule = LrRule::kNone;
  job.learning_rates.values = {1e6, 0.01};
  const TuneResult result = run(job);
  EXPECT_EQ(result.rows[0].runs[0].reason, StopReason::kDiverged);
  EXPECT_EQ(result.rows[0].runs[1].reason, StopReason::kDiverged);
  EXPECT_FALSE(result.rows[0].lowest_loss.has_value());
  EXPECT_EQ(result.recommended, 1);
}

TEST(Tune, RecommendsNothingIfAllDiverge) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(2000)));
  job.batch_sizes = {8};
  job.optimizers = {OptimizerKind::kSgd};
  job.lr_rule = LrRule::kNone;
  job.learning_rates.values = {1e6};
  const TuneResult result = run(job);
  EXPECT_FALSE(result.recommended.has_value());
  EXPECT_EQ(result.rows[0].runs[0].reason, StopReason::kDiverged);
  EXPECT_EQ(result.reason, "no recommendation: no run ended an epoch with a finite loss");
}

TEST(Tune, StopsHopelessRowsEarly) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(600)));
  job.batch_sizes = {8};
  job.lr_rule = LrRule::kNone;
  job.learning_rates.values = {1e-9, 0.01};
  job.train.trainer.epochs = 30;
  const TuneResult result = run(job);
  EXPECT_EQ(result.rows[0].runs[0].reason, StopReason::kGivenUp);
  EXPECT_EQ(result.rows[0].runs[0].curve.size(), 3U);
  EXPECT_EQ(result.recommended, 1);
  job.early_stop = false;
  EXPECT_EQ(run(job).rows[0].runs[0].curve.size(), 30U);
  job.early_stop = true;
  job.train.trainer.schedule.kind = ScheduleKind::kCosine;  // may fall late: no extrapolation
  EXPECT_EQ(run(job).rows[0].runs[0].curve.size(), 30U);
}

TEST(Tune, HalvesWithinEveryBatchSize) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(600)));
  job.batch_sizes = {8, 64};
  job.lr_rule = LrRule::kNone;
  job.search = SearchKind::kHalving;
  job.learning_rates.low = 1e-4;
  job.learning_rates.high = 1e-1;
  job.trials = 9;
  job.early_stop = false;
  job.train.trainer.epochs = 9;
  const TuneResult result = run(job);
  ASSERT_EQ(result.rows.size(), 18U);
  for (const std::int64_t size : {8, 64}) {
    std::vector<std::size_t> epochs;
    for (const TuneRow& row : result.rows) {
      if (row.trial.batch_size == size) epochs.push_back(row.runs[0].curve.size());
    }
    EXPECT_EQ(std::count(epochs.begin(), epochs.end(), 1), 6) << size;
    EXPECT_EQ(std::count(epochs.begin(), epochs.end(), 3), 2) << size;
    EXPECT_EQ(std::count(epochs.begin(), epochs.end(), 9), 1) << size;
  }
}

TEST(Tune, FallsBackToTheRateGivenWhereTheRangeTestSaysNothing) {
  const TempFolder folder;
  std::ostringstream csv;
  csv << "a,y\n";
  for (int i = 0; i < 64; ++i) csv << i % 2 << ',' << (i / 2) % 2 << '\n';
  TuneJob job = job_on(folder.file("data.csv", csv.str()));
  job.batch_sizes = {0};
  job.train.valid_fraction = 0.0;
  const TuneResult result = run(job);
  EXPECT_EQ(result.rows[0].trial.optimizer.learning_rate, 1e-3);
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_EQ(result.notes[0].find("range test of batch size all with adam: no suggestion: "), 0U) << result.notes[0];
  EXPECT_NE(result.notes[0].find("; --lr 0.001 is taken"), std::string::npos) << result.notes[0];
  EXPECT_FALSE(result.validated);
}

TEST(Tune, ReturnsWithoutMeasuringWhenStoppedAtOnce) {
  const TempFolder folder;
  const std::atomic<bool> stop{true};
  const TuneResult result = run(job_on(folder.file("data.csv", noisy_plane(300))), &stop);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.rows.size(), 3U);
  EXPECT_FALSE(result.rows[0].speed.has_value());
  EXPECT_FALSE(result.recommended.has_value());
}

/// Asks to stop when training has come to an epoch.
class Stopper : public TuneObserver {
 public:
  void on_progress(const TuneProgress& progress) override {
    if (progress.stage == TuneProgress::Stage::kTraining && progress.done >= 2) stop = true;
  }
  std::atomic<bool> stop{false};
};

TEST(Tune, KeepsWhatWasMeasuredWhenStopped) {
  const TempFolder folder;
  Stopper stopper;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(300)));
  job.train.trainer.epochs = 1000000;
  const TuneResult result = tune(job, stopper, &stopper.stop);
  EXPECT_TRUE(result.interrupted);
  for (const TuneRow& row : result.rows) {
    EXPECT_TRUE(row.speed.has_value());
    EXPECT_GE(row.runs[0].curve.size(), 1U);
    EXPECT_EQ(row.runs[0].reason, StopReason::kInterrupted);
  }
  EXPECT_TRUE(result.recommended.has_value());
  EXPECT_FALSE(result.noise.has_value());
}

TEST(Tune, ComparesDevices) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(200)));
  job.devices = {DeviceKind::kReference, DeviceKind::kCpu};
  job.batch_sizes = {16};
  job.early_stop = false;
  const TuneResult result = run(job);
  ASSERT_EQ(result.rows.size(), 2U);
  EXPECT_EQ(result.rows[0].trial.device, DeviceKind::kReference);
  ASSERT_EQ(result.rows[0].runs[0].curve.size(), 6U);
  for (std::size_t e = 0; e < 6; ++e) {
    const double expected = result.rows[0].runs[0].curve[e].loss;
    EXPECT_NEAR(result.rows[1].runs[0].curve[e].loss, expected, 1e-4 * expected);  // float32 against float64
  }
}

TEST(Tune, NamesABatchSizeBeyondTheData) {
  const TempFolder folder;
  TuneJob job = job_on(folder.file("data.csv", noisy_plane(100)));
  job.batch_sizes = {81};
  EXPECT_EQ(testing::message_of<UsageError>([&] { (void)run(job); }),
            "--batch-sizes: found 81, expected at most 80 (the training rows) or all");
}

}  // namespace
}  // namespace slalom
