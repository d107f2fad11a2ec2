// SPDX-License-Identifier: Apache-2.0
// Whole jobs over random shapes: few rows, wide rows, constant and missing cells, zero weights. They train, give the
// same bits for any number of threads, and predict the same after a round trip through the model file.
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <slalom/job.hpp>

#include "core/philox.hpp"

namespace slalom::testing {
namespace {

/// What is trained; the shape of the data comes at random.
struct Kind {
  const char* name;
  ModelKind model;
  LossKind loss;
  std::vector<std::int64_t> hidden;
  bool batch_norm = false;
  double dropout = 0.0;
  std::int64_t targets = 1;
};

const std::vector<Kind> kKinds{
    {"Linear", ModelKind::kLinear, LossKind::kMse, {}},
    {"LinearOfThreeTargets", ModelKind::kLinear, LossKind::kMse, {}, false, 0.0, 3},
    {"Mae", ModelKind::kLinear, LossKind::kMae, {}},
    {"Huber", ModelKind::kLinear, LossKind::kHuber, {}},
    {"Quantile", ModelKind::kLinear, LossKind::kQuantile, {}},
    {"Logistic", ModelKind::kLogistic, LossKind::kBce, {}},
    {"Hinge", ModelKind::kLogistic, LossKind::kHinge, {}},
    {"Softmax", ModelKind::kSoftmax, LossKind::kCrossEntropy, {}},
    {"Network", ModelKind::kMlp, LossKind::kMse, {9, 4}},
    {"NetworkOfTwoTargets", ModelKind::kMlp, LossKind::kMse, {33}, false, 0.0, 2},
    {"NetworkWithNorms", ModelKind::kMlp, LossKind::kMse, {16, 8}, true, 0.25},
    {"NetworkOfTwoClasses", ModelKind::kMlp, LossKind::kBce, {7}},
    {"NetworkOfClasses", ModelKind::kMlp, LossKind::kCrossEntropy, {17}, true, 0.5},
};

bool of_classes(LossKind loss) {
  return loss == LossKind::kBce || loss == LossKind::kHinge || loss == LossKind::kCrossEntropy;
}

struct Problem {
  TrainJob job;
  Table table;
};

/// Rows 2..70, features 1..130 (also more than rows), batches from one row to more than all.
Problem random_problem(const Kind& kind, std::uint64_t trial) {
  core::PhiloxStream random(trial, 0, core::RandomUse::kSynthetic, 5);
  const auto below = [&](std::uint32_t n) { return static_cast<std::int64_t>(random.below(n)); };
  const std::int64_t n = trial % 5 == 0 ? 2 + below(3) : 5 + below(66);
  const std::int64_t d = trial % 4 == 0 ? 1 : (trial % 4 == 1 ? 100 + below(31) : 2 + below(18));
  Problem p;
  p.table.n_rows = n;
  p.table.source = "random";
  bool all_constant = trial % 7 == 3;
  for (std::int64_t j = 0; j < d; ++j) {
    const std::int64_t flavour = below(6);
    if (flavour == 0 && !all_constant) {
      CategoricalColumn column{.categories = {"u", "v", "w"}};
      for (std::int64_t i = 0; i < n; ++i)
        column.codes.push_back(i < 3 ? static_cast<std::int32_t>(i) : static_cast<std::int32_t>(below(4)) - 1);
      if (n < 3) column.categories.resize(static_cast<std::size_t>(n));
      for (std::int32_t& code : column.codes)
        code = std::min(code, static_cast<std::int32_t>(column.categories.size()) - 1);
      p.table.columns.emplace_back("x" + std::to_string(j), std::move(column));
      continue;
    }
    NumericColumn column;
    for (std::int64_t i = 0; i < n; ++i) {
      const bool missing = flavour == 2 && random.below(3) == 0;
      const double value = all_constant || flavour == 1 ? 7.5 : 1e3 * (random.uniform() - 0.5);
      column.values.push_back(missing ? std::numeric_limits<double>::quiet_NaN() : value);
    }
    p.table.columns.emplace_back("x" + std::to_string(j), std::move(column));
  }
  for (std::int64_t t = 0; t < kind.targets; ++t) {
    NumericColumn column;
    const std::int64_t classes = kind.loss == LossKind::kCrossEntropy ? 3 : 2;
    for (std::int64_t i = 0; i < n; ++i) {
      const double label = static_cast<double>(i < classes ? i : below(static_cast<std::uint32_t>(classes)));
      column.values.push_back(of_classes(kind.loss) ? label : 1e4 + 100.0 * random.uniform());
    }
    p.job.preprocess.targets.push_back("y" + std::to_string(t));
    p.table.columns.emplace_back(p.job.preprocess.targets.back(), std::move(column));
  }
  if (trial % 3 == 1) {
    NumericColumn weights;
    for (std::int64_t i = 0; i < n; ++i) weights.values.push_back(i == 0 ? 1.0 : static_cast<double>(below(3)));
    p.table.columns.emplace_back("w", std::move(weights));
    p.job.preprocess.weight_column = "w";
  }
  p.job.model.kind = kind.model;
  p.job.model.hidden = kind.hidden;
  p.job.model.batch_norm = kind.batch_norm;
  p.job.model.dropout = kind.dropout;
  p.job.model.loss.huber_delta = 20.0;
  p.job.loss = kind.loss;
  p.job.valid_fraction = 0.0;
  p.job.trainer.batch_size = trial % 6 == 2 ? 0 : (trial % 6 == 5 ? 1000 : 1 + below(20));
  p.job.trainer.epochs = 3;
  p.job.trainer.seed = trial;
  p.job.trainer.optimizer.learning_rate = 1e-3;
  p.job.device = DeviceKind::kCpu;
  return p;
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](float x, float y) { return x == y && std::isfinite(x); });
}

/// All numbers that predict gives for the table, column after column.
std::vector<double> predictions(const Model& model, const Table& table, DeviceKind device, int threads) {
  Notes notes;
  const Table found = Predictor(model, device, threads).predict(table, notes);
  std::vector<double> numbers;
  for (const Column& column : found.columns)
    numbers.insert(numbers.end(), column.numeric().values.begin(), column.numeric().values.end());
  return numbers;
}

class JobProperty : public ::testing::TestWithParam<Kind> {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_ = (std::filesystem::temp_directory_path() /
                       ("slalom-property-" + std::to_string(getpid()) + GetParam().name + ".safetensors"))
                          .string();
};

TEST_P(JobProperty, BitsDoNotDependOnThreadsAndSurviveTheModelFile) {
  for (std::uint64_t trial = 0; trial < 24; ++trial) {
    Problem p = random_problem(GetParam(), trial);
    SCOPED_TRACE("trial " + std::to_string(trial) + ": " + std::to_string(p.table.n_rows) + " rows, " +
                 std::to_string(p.table.columns.size()) + " columns, batch " +
                 std::to_string(p.job.trainer.batch_size));
    if (GetParam().loss == LossKind::kCrossEntropy && p.table.n_rows < 3) continue;  // fewer rows than classes
    p.job.threads = 1;
    const JobResult one = run_job(p.job, p.table, nullptr, {});
    p.job.threads = 2;
    const JobResult two = run_job(p.job, p.table, nullptr, {});
    ASSERT_TRUE(same_bits(one.model.parameters, two.model.parameters));

    save_model(one.model, path_);
    const Model loaded = load_model(path_);
    const std::vector<double> before = predictions(one.model, p.table, DeviceKind::kCpu, 1);
    ASSERT_EQ(before.size() % static_cast<std::size_t>(p.table.n_rows), 0U);
    for (const double value : before) ASSERT_TRUE(std::isfinite(value));
    EXPECT_EQ(before, predictions(loaded, p.table, DeviceKind::kCpu, 2));
    Notes notes;
    const Metrics evaluated = Predictor(loaded, DeviceKind::kCpu).evaluate(p.table, notes);
    EXPECT_EQ(evaluated.items(), one.members.at(0).train.items());
    EXPECT_EQ(evaluated.confusion, one.members.at(0).train.confusion);

    const std::vector<double> exact = predictions(loaded, p.table, DeviceKind::kReference, 1);
    if (of_classes(GetParam().loss)) continue;  // the predicted class may differ where two are equally likely
    for (std::size_t i = 0; i < exact.size(); ++i) ASSERT_NEAR(before[i], exact[i], 1e-5 * std::fabs(exact[i]));
  }
}

TEST_P(JobProperty, APopulationGivesTheSameBitsForAnyThreads) {
  for (std::uint64_t trial = 1; trial < 8; ++trial) {
    Problem p = random_problem(GetParam(), trial);
    SCOPED_TRACE("trial " + std::to_string(trial));
    p.job.restarts = 3;
    p.job.model.initialization = Initialization::kNormal;
    p.job.threads = 1;
    const JobResult one = run_job(p.job, p.table, nullptr, {});
    p.job.threads = 2;
    const JobResult two = run_job(p.job, p.table, nullptr, {});
    EXPECT_EQ(one.chosen, two.chosen);
    EXPECT_TRUE(same_bits(one.model.parameters, two.model.parameters));
    for (std::size_t m = 0; m < 3; ++m) {
      EXPECT_EQ(one.members.at(m).result.epoch_losses, two.members.at(m).result.epoch_losses);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, JobProperty, ::testing::ValuesIn(kKinds),
                         [](const auto& parameter) { return std::string(parameter.param.name); });

TEST(JobEdges, OneRowTrainsToItsTarget) {
  Table table;
  table.n_rows = 1;
  table.source = "one";
  table.columns.emplace_back("x", NumericColumn{{3.0}});
  table.columns.emplace_back("y", NumericColumn{{42.0}});
  for (const bool network : {false, true}) {
    TrainJob job;
    job.preprocess.targets = {"y"};
    job.valid_fraction = 0.0;
    if (network) {
      job.model.kind = ModelKind::kMlp;
      job.model.hidden = {4};
      job.model.batch_norm = true;
    }
    const JobResult result = run_job(job, table, nullptr, {});
    EXPECT_EQ(predictions(result.model, table, DeviceKind::kCpu, 1).size(), 1U);
    EXPECT_FALSE(result.members.at(0).train.r2.has_value());  // nothing varies
    if (!network) {
      EXPECT_EQ(predictions(result.model, table, DeviceKind::kCpu, 1).at(0), 42.0);
    }
  }
}

TEST(JobEdges, AllConstantFeaturesLearnTheMean) {
  Table table;
  table.n_rows = 4;
  table.source = "constant";
  table.columns.emplace_back("x", NumericColumn{{5.0, 5.0, 5.0, 5.0}});
  table.columns.emplace_back("y", NumericColumn{{1.0, 2.0, 3.0, 6.0}});
  TrainJob job;
  job.preprocess.targets = {"y"};
  job.valid_fraction = 0.0;
  job.trainer.epochs = 10;
  job.trainer.optimizer.kind = OptimizerKind::kSgd;  // adam would step by its rate on the rounding of a zero gradient
  const JobResult result = run_job(job, table, nullptr, {});
  for (const double value : predictions(result.model, table, DeviceKind::kCpu, 1)) EXPECT_NEAR(value, 3.0, 1e-6);
  ASSERT_EQ(result.notes.size(), 1U);
  EXPECT_EQ(result.notes[0], "column 'x' is constant in the training rows; it carries no information");
}

TEST(JobEdges, RowsOfWeightZeroDoNotMatter) {
  Table table;
  table.n_rows = 6;
  table.source = "weights";
  table.columns.emplace_back("x", NumericColumn{{1, 2, 3, 4, 5, 6}});
  table.columns.emplace_back("y", NumericColumn{{2, 4, 6, 8, -50, 70}});  // the last two are wrong
  table.columns.emplace_back("w", NumericColumn{{1, 1, 1, 1, 0, 0}});
  TrainJob job;
  job.preprocess.targets = {"y"};
  job.preprocess.weight_column = "w";
  job.valid_fraction = 0.0;
  job.trainer.batch_size = 0;
  job.trainer.epochs = 3000;
  job.trainer.optimizer.learning_rate = 0.1;
  job.trainer.schedule.kind = ScheduleKind::kCosine;
  const std::vector<double> found = predictions(run_job(job, table, nullptr, {}).model, table, DeviceKind::kCpu, 1);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], 2.0 * static_cast<double>(i + 1), 1e-2);
}

}  // namespace
}  // namespace slalom::testing
