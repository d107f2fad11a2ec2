// SPDX-License-Identifier: Apache-2.0
// Training that goes on from a model: where it starts, what it keeps, what it refuses.
#include "train/continuation.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "support/message_of.hpp"
#include "train/resume.hpp"

namespace slalom::testing {
namespace {

/// Rows [begin, end) of the table.
Table part_of(const Table& table, std::size_t begin, std::size_t end, double shift = 0.0) {
  Table part{.columns = {}, .n_rows = static_cast<std::int64_t>(end - begin), .source = "part"};
  for (const Column& column : table.columns) {
    if (column.is_numeric()) {
      const auto& values = column.numeric().values;
      NumericColumn numbers{.values = {values.begin() + static_cast<std::ptrdiff_t>(begin),
                                       values.begin() + static_cast<std::ptrdiff_t>(end)}};
      for (double& value : numbers.values) value += shift;
      part.columns.emplace_back(column.name(), std::move(numbers));
    } else {
      const auto& cells = column.categorical();
      part.columns.emplace_back(column.name(),
                                CategoricalColumn{.codes = {cells.codes.begin() + static_cast<std::ptrdiff_t>(begin),
                                                            cells.codes.begin() + static_cast<std::ptrdiff_t>(end)},
                                                  .categories = cells.categories});
    }
  }
  return part;
}

TrainJob base_job() {
  TrainJob job = resume_job(DeviceKind::kCpu);
  job.valid_fraction = 0.0;
  return job;
}

TrainJob job_from(const Model& model) {
  TrainJob job = base_job();
  job.preprocess = {};
  start_from(job, std::make_shared<Model>(model), "old.safetensors");
  return job;
}

std::vector<double> predictions(const Model& model, const Table& table) {
  Predictor predictor(model, DeviceKind::kCpu, 1);
  Notes notes;
  return predictor.predict(table, notes).columns.at(model.spec.is_classifier() ? 1 : 0).numeric().values;
}

TEST(Continuation, OneEpochAndAnotherAreTwo) {
  const Table table = resume_table(60);
  for (const bool network : {false, true}) {
    TrainJob job = base_job();
    job.trainer.optimizer.kind = OptimizerKind::kSgd;  // nothing to carry but the parameters
    job.trainer.shuffle = false;                       // the second epoch is like the first
    if (network) as_network(job);
    job.model.dropout = 0.0;
    job.trainer.epochs = 2;
    const Model two = run_job(job, table, nullptr, {}).model;
    job.trainer.epochs = 1;
    const Model one = run_job(job, table, nullptr, {}).model;
    TrainJob next = job_from(one);
    next.trainer = job.trainer;
    const JobResult result = run_job(next, table, nullptr, {});
    EXPECT_EQ(result.model.parameters, two.parameters);
    EXPECT_EQ(result.model.facts.back(), (std::pair<std::string, std::string>("continued from", "old.safetensors")));
    ASSERT_TRUE(result.drift);
    EXPECT_EQ(result.drift->n_beyond(), 0);
  }
}

TEST(Continuation, RefittedScalingLeavesThePredictions) {
  const Table table = resume_table(120);
  const Table old = part_of(table, 0, 60), now = part_of(table, 60, 120, 7.0);
  const auto check = [&](const char* what, const std::function<void(TrainJob&)>& set) {
    SCOPED_TRACE(what);
    TrainJob job = base_job();
    set(job);
    const Model before = run_job(job, old, nullptr, {}).model;
    for (const Scaling scaling : {Scaling::kStandard, Scaling::kMinMax, Scaling::kNone}) {
      TrainJob next = job_from(before);
      next.refit_scaling = true;
      next.preprocess.scaling = scaling;
      next.trainer.optimizer.kind = OptimizerKind::kSgd;
      next.trainer.optimizer.learning_rate = 1e-30;  // so that training itself changes nothing
      next.trainer.epochs = 1;
      next.model.batch_norm = before.spec.batch_norm;
      const Model after = run_job(next, now, nullptr, {}).model;
      EXPECT_NE(after.preprocessing.offset, before.preprocessing.offset);
      const std::vector<double> expected = predictions(before, now), found = predictions(after, now);
      for (std::size_t i = 0; i < found.size(); ++i) {
        // A few roundings to float32 (6e-8 each) of terms of up to about 100.
        EXPECT_NEAR(found[i], expected[i], 1e-4 * std::max(1.0, std::fabs(expected[i])));
      }
    }
  };
  check("linear", [](TrainJob&) {});
  check("targets as they are", [](TrainJob& job) { job.preprocess.target_scaling = Scaling::kNone; });
  check("network", [](TrainJob& job) {
    job.model.kind = ModelKind::kMlp;
    job.model.hidden = {6, 3};
  });
  check("classes", [](TrainJob& job) {
    job.model.kind = ModelKind::kLogistic;
    job.preprocess.targets = {"kind"};
    job.preprocess.drop = {"y"};
  });
}

TEST(Continuation, RefittedScalingAndBatchNormalisation) {
  const Table table = resume_table(120);
  TrainJob job = base_job();
  as_network(job);
  Model before = run_job(job, part_of(table, 0, 60), nullptr, {}).model;
  const Table now = part_of(table, 60, 120, 7.0);
  TrainJob next = job_from(before);
  next.refit_scaling = true;
  Notes notes;
  const training::Prepared prepared = training::continued(next, now, {}, notes);
  Model after = before;
  after.preprocessing = prepared.preprocessing;
  after.parameters.assign(prepared.start.begin(), prepared.start.end());
  EXPECT_NE(after.parameters, before.parameters);
  const std::vector<double> expected = predictions(before, now), found = predictions(after, now);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-3);
}

TEST(Continuation, TargetsThatWereNotScaledStaySo) {
  const Table table = resume_table(60);
  TrainJob job = base_job();
  job.preprocess.target_scaling = Scaling::kNone;
  TrainJob next = job_from(run_job(job, table, nullptr, {}).model);
  next.refit_scaling = true;
  EXPECT_EQ(run_job(next, table, nullptr, {}).model.preprocessing.target_scale, (std::vector<double>{1.0}));
}

TEST(Continuation, KeepsTheHuberDeltaInTargetUnits) {
  const Table table = resume_table(60);
  TrainJob job = base_job();
  job.loss = LossKind::kHuber;
  job.model.loss.huber_delta = 2.0;
  const Model before = run_job(job, table, nullptr, {}).model;
  TrainJob next = job_from(before);
  EXPECT_NEAR(next.model.loss.huber_delta, 2.0, 1e-12);
  EXPECT_NEAR(run_job(next, table, nullptr, {}).model.spec.loss.huber_delta, before.spec.loss.huber_delta, 1e-12);
}

TEST(Continuation, TheNewModelHasTheStatisticsOfTheNewData) {
  const Table table = resume_table(120);
  const Model before = run_job(base_job(), part_of(table, 0, 60), nullptr, {}).model;
  const Table now = part_of(table, 60, 120, 7.0);
  const JobResult second = run_job(job_from(before), now, nullptr, {});
  EXPECT_GT(second.drift->n_beyond(), 0);
  EXPECT_EQ(second.model.preprocessing.offset, before.preprocessing.offset);
  const JobResult third = run_job(job_from(second.model), now, nullptr, {});
  EXPECT_EQ(third.drift->n_beyond(), 0);
}

TEST(Continuation, WarnsOfDriftBeforeTraining) {
  class Listener : public Observer {
   public:
    void on_note(const std::string& note) override { notes.push_back(note); }
    void on_progress(const Progress&) override {
      notes_before_training = std::min(notes_before_training, notes.size());
    }
    std::vector<std::string> notes;
    std::size_t notes_before_training = 99;
  } listener;
  Observer* const observers[] = {&listener};
  const Table table = resume_table(120);
  const Model before = run_job(base_job(), part_of(table, 0, 60), nullptr, {}).model;
  (void)run_job(job_from(before), part_of(table, 60, 120, 7.0), nullptr, observers);
  ASSERT_EQ(listener.notes.size(), 1U);
  EXPECT_EQ(listener.notes_before_training, 1U);
  EXPECT_TRUE(
      listener.notes[0].starts_with("the data have drifted from those of old.safetensors: 3 of 3 columns beyond "
                                    "the thresholds, worst '"))
      << listener.notes[0];
}

TEST(Continuation, MembersOfRestartsStartAlikeAndVisitRowsInOrdersOfTheirOwn) {
  const Table table = resume_table(60);
  TrainJob job = job_from(run_job(base_job(), table, nullptr, {}).model);
  job.restarts = 2;
  const JobResult result = run_job(job, table, nullptr, {});
  EXPECT_NE(result.members.at(0).result.epoch_losses, result.members.at(1).result.epoch_losses);
  EXPECT_NEAR(result.members[0].result.epoch_losses[0], result.members[1].result.epoch_losses[0], 1.0);
}

TEST(Continuation, CanBeInterruptedAndResumed) {
  const Table table = resume_table(kResumeRows);
  TrainJob job = job_from(run_job(base_job(), table, nullptr, {}).model);
  job.refit_scaling = true;
  expect_resumes_exactly(job, 3);
}

TEST(Continuation, RefusesWhatContradictsTheModel) {
  const Table table = resume_table(60);
  TrainJob job = base_job();
  job.model.kind = ModelKind::kMlp;
  job.model.hidden = {6, 3};
  const Model model = run_job(job, table, nullptr, {}).model;
  const auto message = [&](const std::function<void(TrainJob&)>& set) {
    TrainJob next = job_from(model);
    set(next);
    return message_of<UsageError>([&] { (void)run_job(next, table, nullptr, {}); });
  };
  const std::string as = " as in old.safetensors (--init-from)";
  EXPECT_EQ(message([](TrainJob& next) { next.model.hidden = {6}; }), "--hidden: found 6, expected 6,3" + as);
  EXPECT_EQ(message([](TrainJob& next) { next.model.activation = Activation::kTanh; }),
            "--activation: found tanh, expected relu" + as);
  EXPECT_EQ(message([](TrainJob& next) { next.model.batch_norm = true; }), "--batch-norm: found yes, expected no" + as);
  EXPECT_EQ(message([](TrainJob& next) { next.loss = LossKind::kMae; }), "--loss: found mae, expected mse" + as);
  EXPECT_EQ(message([](TrainJob& next) { next.preprocess.targets = {"a"}; }), "--target: found a, expected y" + as);
  EXPECT_EQ(message([](TrainJob& next) { next.preprocess.weight_column = "a"; }),
            "--weight-column: 'a' is a feature of old.safetensors (--init-from)");
  EXPECT_EQ(message([](TrainJob& next) { next.preprocess.drop = {"a"}; }),
            "--drop: found with --init-from, expected none: the columns are those of old.safetensors");
  EXPECT_EQ(message([](TrainJob& next) { next.folds = 3; }),
            "--folds: found with --init-from, expected none: old.safetensors may have been trained on the rows that a "
            "fold is measured on");
  EXPECT_EQ(message([](TrainJob& next) {
              next.start.reset();
              next.refit_scaling = true;
            }),
            "--refit-scaling: found without --init-from, expected the model to go on from");
}

TEST(Continuation, ClassWeightsAreThoseAskedForOrTheModels) {
  const Table table = resume_table(60);
  TrainJob job = base_job();
  job.model.kind = ModelKind::kLogistic;
  job.preprocess.targets = {"kind"};
  job.preprocess.drop = {"y"};
  job.preprocess.class_weights = {{"high", 3.0}};
  const Model model = run_job(job, table, nullptr, {}).model;
  TrainJob next = job_from(model);
  EXPECT_EQ(run_job(next, table, nullptr, {}).model.preprocessing.class_weights, model.preprocessing.class_weights);
  next.preprocess.class_weights = {{"low", 2.0}};
  const std::vector<double> weights = run_job(next, table, nullptr, {}).model.preprocessing.class_weights;
  EXPECT_EQ(model.preprocessing.classes, (std::vector<std::string>{"high", "low"}));
  EXPECT_EQ(weights, (std::vector<double>{1.0, 2.0}));
}

}  // namespace
}  // namespace slalom::testing
