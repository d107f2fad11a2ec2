// SPDX-License-Identifier: Apache-2.0
// What is found in losses and networks whose trouble is known, and that nothing is found where there is none.
#include "train/findings.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <slalom/model.hpp>

#include "support/shared_data.hpp"
#include "train/guarded_problem.hpp"
#include "train/hidden_units.hpp"

namespace slalom::training {
namespace {

/// Findings about a linear model of the plane whose epochs had these losses.
std::vector<Finding> findings_in(std::vector<double> losses, const TrainerConfig& trainer = {},
                                 std::vector<GuardEvent> guard = {}) {
  const Dataset data = testing::plane_data(500, 1.0F);  // whose targets have a variance of about 1.4
  const ModelSpec spec{.n_features = 2};
  const std::vector<double> initial = initial_parameters(spec, 1, 0);
  const std::vector<float> parameters(initial.begin(), initial.end());
  MemberResult member;
  member.epochs = static_cast<std::int64_t>(losses.size());
  member.epoch_losses = std::move(losses);
  member.guard = std::move(guard);
  return findings_of({.spec = spec, .train = data, .trainer = trainer, .member = member, .parameters = parameters});
}

std::string advice_on(const std::vector<Finding>& findings, const std::string& subject) {
  for (const Finding& finding : findings) {
    EXPECT_FALSE(finding.explanation.empty()) << finding.subject;
    if (finding.subject == subject) return finding.advice;
  }
  return "not looked at";
}

std::vector<double> falling(std::size_t n) {
  std::vector<double> losses;
  for (std::size_t e = 0; e < n; ++e) losses.push_back(0.1 + std::exp(-0.3 * static_cast<double>(e)));
  return losses;
}

TEST(Findings, HaveNothingToSayOfALossThatFalls) {
  for (const Finding& finding : findings_in(falling(30))) EXPECT_EQ(finding.advice, "") << finding.subject;
}

TEST(Findings, SayNothingAfterFewEpochs) { EXPECT_TRUE(findings_in({1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0}).empty()); }

TEST(Findings, NameALossThatGoesUpAndDown) {
  std::vector<double> losses;
  for (int e = 0; e < 30; ++e) losses.push_back(e % 2 == 0 ? 0.3 : 0.4);
  TrainerConfig trainer;
  trainer.optimizer = {.kind = OptimizerKind::kSgd, .learning_rate = 0.3};
  const auto findings = findings_in(losses, trainer);
  EXPECT_EQ(advice_on(findings, "overshoot"),
            "the loss rose by more than 10 % in 10 of the last 20 epochs: steps are too long; try --lr 0.1 or a "
            "--schedule that lowers it");
  EXPECT_NE(findings.at(0).explanation.find("at most 1.33-fold"), std::string::npos) << findings[0].explanation;
  EXPECT_NE(findings.at(0).explanation.find("overshoots more and more above --lr "), std::string::npos);
}

TEST(Findings, LeaveAlone) {
  std::vector<double> noisy, tiny, early = falling(60);
  for (int e = 0; e < 40; ++e) {
    noisy.push_back(0.3 + 0.01 * std::sin(7.0 * e));  // a few per cent, as mini-batches have it
    tiny.push_back(e % 2 == 0 ? 1e-9 : 1e-6);         // far below what matters
  }
  for (std::size_t e = 1; e < 20; e += 2) early[e] *= 3.0;  // long over
  for (const auto& losses : {noisy, tiny, early}) EXPECT_EQ(advice_on(findings_in(losses), "overshoot"), "");
}

TEST(Findings, NameARunThatLearntNothing) {
  const Dataset data = testing::plane_data(500, 1.0F);
  const double constant = constant_loss({.n_features = 2}, data).value();
  EXPECT_NE(advice_on(findings_in(std::vector<double>(20, 1.001 * constant)), "no progress").find("after 20 epochs"),
            std::string::npos);
  EXPECT_EQ(advice_on(findings_in(std::vector<double>(20, 0.9 * constant)), "no progress"), "");
}

/// Flat, then down: over a saddle.
std::vector<double> saddle() {
  std::vector<double> losses(12, 1.0);
  for (int e = 0; e < 18; ++e) losses.push_back(0.2 + 0.8 * std::exp(-0.4 * e));
  return losses;
}

TEST(Findings, NameAPlateauThatWasPassed) {
  TrainerConfig sgd;
  sgd.optimizer.kind = OptimizerKind::kSgd;
  EXPECT_EQ(
      advice_on(findings_in(saddle(), sgd), "plateau"),
      "the loss stood still in epochs 1 to 13 (a plateau or saddle), then fell on; --optimizer adam, momentum or a "
      "larger --lr may pass it sooner");
  EXPECT_NE(advice_on(findings_in(saddle()), "plateau").find("a larger --lr or another --init may"), std::string::npos);
  std::vector<double> converged = falling(20);
  converged.resize(80, converged.back());
  EXPECT_EQ(advice_on(findings_in(converged), "plateau"), "");
}

TEST(Findings, DoNotTakeALowerRateForTheEndOfAPlateau) {
  TrainerConfig scheduled;
  scheduled.schedule.kind = ScheduleKind::kStep;
  EXPECT_EQ(advice_on(findings_in(saddle(), scheduled), "plateau"), "not looked at");
  EXPECT_EQ(advice_on(findings_in(saddle(), {}, {GuardEvent{}}), "plateau"), "not looked at");
}

TEST(ConstantLoss, IsThatOfTheBestAnswerForEveryRow) {
  Dataset data{.n_rows = 4, .n_features = 1, .n_targets = 1};
  data.features = {0, 0, 0, 0};
  data.targets = {1, 1, 1, 0};
  ModelSpec spec{.n_features = 1};
  EXPECT_DOUBLE_EQ(constant_loss(spec, data).value(), 3.0 / 16.0);
  spec.loss.kind = LossKind::kBce;
  const double entropy = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  EXPECT_DOUBLE_EQ(constant_loss(spec, data).value(), entropy);
  data.weights = {1, 1, 1, 3};
  EXPECT_NEAR(constant_loss(spec, data).value(), 1.5 * std::log(2.0), 1e-12);
  data.weights.clear();
  data.labels = {0, 1, 2, 2};
  data.targets.clear();
  spec.loss.kind = LossKind::kCrossEntropy;
  spec.n_outputs = 3;
  EXPECT_DOUBLE_EQ(constant_loss(spec, data).value(), 0.5 * std::log(4.0) + 0.5 * std::log(2.0));
  spec.loss.kind = LossKind::kHinge;
  EXPECT_FALSE(constant_loss(spec, data));
}

/// A network of two hidden layers of 4 units over the plane, with units 0 to n - 1 of the first pushed to `bias`.
UnitCount count_with(Activation activation, int n, float bias, bool batch_norm = false) {
  const Dataset data = testing::plane_data(200, 1.0F);
  ModelSpec spec{.kind = ModelKind::kMlp, .n_features = 2, .hidden = {4, 4}, .activation = activation};
  spec.batch_norm = batch_norm;
  const std::vector<double> initial = initial_parameters(spec, 1, 0);
  std::vector<float> parameters(initial.begin(), initial.end());
  const LayerView first = ParameterLayout(spec).layers.at(0);
  for (int j = 0; j < n; ++j) parameters[static_cast<std::size_t>((batch_norm ? first.beta : first.bias) + j)] = bias;
  return count_stuck_units(spec, data, parameters);
}

TEST(StuckUnits, AreCountedByLayer) {
  const UnitCount none = count_with(Activation::kTanh, 0, 0.0F);
  ASSERT_EQ(none.layers.size(), 2U);
  EXPECT_EQ(none.rows, 200);
  EXPECT_EQ(none.layers[0].units, 4);
  EXPECT_EQ(none.layers[0].stuck, 0);
  EXPECT_EQ(none.layers[1].stuck, 0);
  EXPECT_EQ(count_with(Activation::kRelu, 3, -100.0F).layers[0].stuck, 3);
  EXPECT_EQ(count_with(Activation::kRelu, 3, 100.0F).layers[0].stuck, 0);  // it lets everything through
  EXPECT_EQ(count_with(Activation::kTanh, 2, -100.0F).layers[0].stuck, 2);
  EXPECT_EQ(count_with(Activation::kTanh, 2, 100.0F).layers[0].stuck, 2);
  EXPECT_EQ(count_with(Activation::kSigmoid, 1, 100.0F).layers[0].stuck, 1);
  EXPECT_EQ(count_with(Activation::kRelu, 2, -100.0F, true).layers[0].stuck, 2);
  EXPECT_TRUE(count_with(Activation::kGelu, 4, -100.0F).layers.empty());
}

TrainJob network_job(double rate, Activation activation) {
  TrainJob job;
  job.preprocess.targets = {"y"};
  job.model.kind = ModelKind::kMlp;
  job.model.hidden = {16};
  job.model.activation = activation;
  job.trainer.optimizer.learning_rate = rate;
  job.trainer.epochs = 10;
  job.device = DeviceKind::kCpu;
  job.threads = 1;
  return job;
}

Table plane_table() {
  const Dataset data = testing::plane_data(300, 1.0F);
  NumericColumn a, b, y;
  for (std::int64_t i = 0; i < data.n_rows; ++i) {
    a.values.push_back(static_cast<double>(data.view().row(i)[0]));
    b.values.push_back(static_cast<double>(data.view().row(i)[1]));
    y.values.push_back(static_cast<double>(data.targets[static_cast<std::size_t>(i)]));
  }
  Table table{.columns = {}, .n_rows = data.n_rows, .source = "made"};
  table.columns.emplace_back("a", std::move(a));
  table.columns.emplace_back("b", std::move(b));
  table.columns.emplace_back("y", std::move(y));
  return table;
}

/// A step that is far too long kills or saturates a network, and the job says so.
TEST(StuckUnits, AreReportedByTheJobThatMadeThem) {
  const Table table = plane_table();
  const auto advice = [&](double rate, Activation activation, const std::string& subject) {
    return advice_on(run_job(network_job(rate, activation), table, nullptr, {}).findings, subject);
  };
  EXPECT_EQ(advice(0.01, Activation::kRelu, "dead units"), "");
  EXPECT_EQ(advice(0.01, Activation::kTanh, "saturated units"), "");
  EXPECT_NE(advice(10.0, Activation::kRelu, "dead units").find("of 16 units of hidden layer 1 are 0 on all rows"),
            std::string::npos);
  EXPECT_NE(advice(100.0, Activation::kTanh, "saturated units").find(" are at one end on all rows"), std::string::npos);
}

/// No false alarms: models of real data at ordinary settings.
TEST(Findings, AdviseNothingOnOrdinaryRuns) {
  const std::filesystem::path folder = testing::shared_dir();
  if (folder.empty()) GTEST_SKIP() << "no reference data beside the source tree";
  TrainJob job;
  job.data = (folder / "data" / "winequality-red.csv").string();
  job.preprocess.targets = {"quality"};
  job.device = DeviceKind::kCpu;
  job.threads = 1;
  const Table table = read_table(job.data, job.read);
  for (const std::vector<std::int64_t>& hidden : {std::vector<std::int64_t>{}, {16, 16}}) {
    for (const Activation activation : {Activation::kRelu, Activation::kTanh, Activation::kSigmoid}) {
      for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kMomentum, OptimizerKind::kAdam}) {
        for (const std::int64_t batch_size : {16, 64, 0}) {
          job.model.kind = hidden.empty() ? ModelKind::kLinear : ModelKind::kMlp;
          job.model.hidden = hidden;
          job.model.activation = activation;
          job.trainer.optimizer.kind = kind;
          job.trainer.optimizer.learning_rate = kind == OptimizerKind::kSgd || batch_size == 0 ? 1e-2 : 1e-3;
          job.trainer.batch_size = batch_size;
          job.trainer.epochs = batch_size == 0 ? 100 : 15;
          for (const Finding& finding : run_job(job, table, nullptr, {}).findings) {
            EXPECT_EQ(finding.advice, "") << finding.subject << ": " << name_of(kind) << ", " << batch_size << ", "
                                          << name_of(activation) << ", " << hidden.size();
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace slalom::training
