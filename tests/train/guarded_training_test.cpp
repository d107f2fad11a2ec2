// SPDX-License-Identifier: Apache-2.0
// The guard over the host backends: it saves what would diverge, and leaves ordinary training alone.
#include <string>

#include <gtest/gtest.h>

#include <slalom/job.hpp>

#include "support/shared_data.hpp"
#include "train/guarded_problem.hpp"

namespace slalom {
namespace {

using testing::GuardedCase;

class GuardedTraining : public ::testing::TestWithParam<GuardedCase> {};

TEST_P(GuardedTraining, MakesTheLowerRateOfItOnTheCpu) {
  testing::expect_guard_makes_the_lower_rate_of_it(GetParam(), DeviceKind::kCpu);
}

TEST_P(GuardedTraining, MakesTheLowerRateOfItOnTheReference) {
  testing::expect_guard_makes_the_lower_rate_of_it(GetParam(), DeviceKind::kReference);
}

INSTANTIATE_TEST_SUITE_P(Cases, GuardedTraining, ::testing::ValuesIn(testing::guarded_cases()),
                         [](const auto& case_of) { return case_of.param.name; });

/// A real data set and a model for it.
struct RealJob {
  std::string name, file, target;
  ModelKind model = ModelKind::kLinear;
  bool has_header = true;
  char delimiter = ',';
  std::vector<std::int64_t> hidden;
};

class OrdinaryTraining : public ::testing::TestWithParam<RealJob> {};

/// Every optimiser at its usual rates, stochastic, in mini-batches, and on all rows at once.
TEST_P(OrdinaryTraining, NeverWakesTheGuard) {
  const std::filesystem::path folder = testing::shared_dir();
  if (folder.empty()) GTEST_SKIP() << "no reference data beside the source tree";
  const RealJob& real = GetParam();
  TrainJob job;
  job.data = (folder / "data" / real.file).string();
  job.read.has_header = real.has_header;
  job.read.delimiter = real.delimiter;
  job.preprocess.targets = {real.target};
  job.model.kind = real.model;
  job.model.hidden = real.hidden;
  job.device = DeviceKind::kCpu;
  job.threads = 1;
  const Table table = read_table(job.data, job.read);
  for (const auto& [optimizer, name] : EnumNames<OptimizerKind>::kNames) {
    for (const std::int64_t batch_size : {1, 16, 0}) {
      const bool accumulates = optimizer == OptimizerKind::kMomentum || optimizer == OptimizerKind::kNesterov;
      for (const double rate : {1e-3, 1e-2}) {
        if (accumulates && batch_size == 1 && rate > 1e-3) continue;  // ten times too large a rate: it does diverge
        job.trainer.optimizer.kind = optimizer;
        job.trainer.optimizer.learning_rate = rate;
        job.trainer.batch_size = batch_size;
        job.trainer.epochs = batch_size == 0 ? 40 : 2;
        const JobResult result = run_job(job, table, nullptr, {});
        EXPECT_TRUE(result.members.at(0).result.guard.empty()) << name << ", batch size " << batch_size << ", " << rate;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    DataSets, OrdinaryTraining,
    ::testing::Values(RealJob{"Housing", "california_housing.csv", "median_house_value"},
                      RealJob{"Wine", "winequality-red.csv", "quality", ModelKind::kLinear, true, ';'},
                      RealJob{"BreastCancer", "breast_cancer.csv", "-1", ModelKind::kLogistic, false},
                      RealJob{"Digits", "digits.csv.gz", "-1", ModelKind::kSoftmax, false},
                      RealJob{"Penguins", "penguins.csv", "species", ModelKind::kSoftmax},
                      RealJob{"WineNetwork", "winequality-red.csv", "quality", ModelKind::kMlp, true, ';', {16, 16}}),
    [](const auto& case_of) { return case_of.param.name; });

}  // namespace
}  // namespace slalom
