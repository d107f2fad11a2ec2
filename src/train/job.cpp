// SPDX-License-Identifier: Apache-2.0
// Runs a training job: read, split, preprocess, train a population, evaluate, pick the model.
#include <slalom/job.hpp>

#include <algorithm>
#include <utility>

#include <slalom/error.hpp>

#include "core/host_memory.hpp"
#include "train/checkpointer.hpp"
#include "train/continuation.hpp"
#include "train/curvature.hpp"
#include "train/divergence_diagnosis.hpp"
#include "train/findings.hpp"
#include "train/fingerprint.hpp"
#include "train/job_rows.hpp"
#include "train/job_spec.hpp"
#include "train/prediction_details.hpp"
#include "train/prepared.hpp"
#include "train/start_members.hpp"

namespace slalom {
namespace {

using training::classifies;
using training::Prepared;

/// What one training gave. The chosen member's parameters are those that prediction uses.
struct Trained {
  TrainResult result;
  std::vector<MemberOutcome> members;
  std::vector<float> parameters;
  DeviceKind device = DeviceKind::kCpu;
  std::string device_description, device_reason;
  CheckpointReport checkpoints;
  std::optional<PredictionDetails> details;
};

/// Tells the observers of a fold that it is member `number` of the job.
class Numbered : public Observer {
 public:
  Numbered(std::int64_t number, std::span<Observer* const> observers) : number_(number), observers_(observers) {}
  void on_progress(const Progress& progress) override {
    Progress numbered = progress;
    numbered.member = number_;
    for (Observer* observer : observers_) observer->on_progress(numbered);
  }
  void on_epoch(const EpochReport& report) override {
    EpochReport numbered = report;
    numbered.member = number_;
    for (Observer* observer : observers_) observer->on_epoch(numbered);
  }
  void on_resume(std::int64_t, std::int64_t epochs) override {
    for (Observer* observer : observers_) observer->on_resume(number_, epochs);
  }
  void on_note(const std::string& note) override {
    for (Observer* observer : observers_) observer->on_note("fold " + std::to_string(number_) + ": " + note);
  }
  void on_guard(const GuardEvent& event) override {
    GuardEvent numbered = event;
    numbered.member = number_;
    for (Observer* observer : observers_) observer->on_guard(numbered);
  }

 private:
  std::int64_t number_;
  std::span<Observer* const> observers_;
};

/// A job over tables in memory, so that its parts can share them.
class JobRun {
 public:
  JobRun(const TrainJob& job, const Table& table, const Table* valid_table, const std::atomic<bool>* stop)
      : job_(job), table_(table), valid_table_(valid_table), stop_(stop), classify_(classifies(job, table)) {}

  JobResult run(std::span<Observer* const> observers) {
    JobResult result;
    const training::JobRows rows = training::rows_of_job(job_, table_, valid_table_ != nullptr, result.notes);
    // The folds are drawn before the long training, so that an impossible number of them is found at once.
    const auto folds =
        job_.folds > 0 ? training::folds_of(rows.usable, job_.folds, job_.trainer.seed) : std::vector<data::RowSplit>{};

    Prepared prepared = prepare(rows.split, result.notes);
    if (prepared.drift) {
      const std::string warning = training::drift_warning(*prepared.drift, job_.start_name);
      for (Observer* observer : observers) {
        if (!warning.empty()) observer->on_note(warning);
      }
    }
    Trained trained = train_model(prepared, observers);
    const MemberResult& best = trained.members[static_cast<std::size_t>(trained.result.best_member)].result;
    if (best.reason == StopReason::kDiverged) {
      result.divergence =
          with_diagnosis(best.divergence, prepared, {trained.parameters.begin(), trained.parameters.end()}, true);
    } else {
      result.findings = training::findings_of({.spec = prepared.spec,
                                               .train = prepared.train,
                                               .trainer = job_.trainer,
                                               .member = best,
                                               .parameters = trained.parameters});
    }
    result.drift = std::move(prepared.drift);
    result.train_rows = prepared.train.n_rows;
    result.valid_rows = prepared.valid ? prepared.valid->n_rows : 0;
    result.training = std::move(trained.result);
    result.chosen = result.training.best_member;
    result.device = trained.device;
    result.device_description = trained.device_description;
    result.device_reason = trained.device_reason;
    result.members = std::move(trained.members);
    result.details = std::move(trained.details);
    result.unused_columns = training::unused_columns(table_, prepared.preprocessing);
    result.checkpoints = std::move(trained.checkpoints);
    run_folds(folds, result, observers);
    result.model = make_model(std::move(prepared), std::move(trained.parameters), result);
    return result;
  }

 private:
  [[nodiscard]] Prepared prepare(const data::RowSplit& split, Notes& notes) const {
    const std::string what = std::to_string(split.train.size() + split.valid.size()) + " rows";
    return core::name_shortage("preparing ", what,
                               [&] { return training::prepare(job_, table_, valid_table_, split, notes); });
  }

  /// Adds the diagnosis to the error if all members diverge and none leaves a good state.
  Trained train_model(const Prepared& p, std::span<Observer* const> observers) const {
    try {
      return train_population(p, job_.restarts, job_.checkpoints, observers, job_.details);
    } catch (const DivergenceError& error) {
      if (!job_.trainer.guard.on) throw;
      const std::vector<double> start = p.start.empty() ? initial_parameters(p.spec, job_.trainer.seed, 0) : p.start;
      throw DivergenceError(with_diagnosis(error.what(), p, start, false));
    }
  }

  [[nodiscard]] std::string with_diagnosis(std::string message, const Prepared& p, std::vector<double> parameters,
                                           bool trained) const {
    for (const std::string& line : training::diagnose({.spec = p.spec,
                                   .train = p.train,
                                   .optimizer = job_.trainer.optimizer,
                                   .features = p.preprocessing.feature_names(),
                                   .parameters = std::move(parameters),
                                   .trained = trained})) {
      message += "\n  " + line;
    }
    return message;
  }

  /// Where the device or memory fails, adds to the error what is saved of the run.
  Trained train_population(const Prepared& p, std::int64_t n_members, const CheckpointOptions& checkpoints,
                           std::span<Observer* const> observers, bool with_details) const {
    std::optional<training::Checkpointer> checkpointer;
    try {
      return core::name_shortage("training on ", std::to_string(p.train.n_rows) + " rows", [&] {
        return train_members(p, n_members, checkpoints, observers, checkpointer, with_details);
      });
    } catch (const Error& error) {
      if (error.code() != ExitCode::kDevice || !checkpointer) throw;
      throw Error(ExitCode::kDevice, error.what() + checkpointer->after_failure(job_.device == DeviceKind::kAuto));
    }
  }

  Trained train_members(const Prepared& p, std::int64_t n_members, const CheckpointOptions& checkpoints,
                        std::span<Observer* const> observers, std::optional<training::Checkpointer>& checkpointer,
                        bool with_details) const {
    std::vector<MemberConfig> members;
    for (std::int64_t m = 0; m < n_members; ++m) {
      members.push_back(
          {.optimizer = job_.trainer.optimizer, .seed = job_.trainer.seed, .stream = static_cast<std::uint64_t>(m)});
    }
    Trained trained;
    const BackendOptions options{
        .threads = job_.threads,
        .precision = job_.precision,
        .device_memory = job_.device_memory,
        .expected = {
            .batch_size = job_.trainer.batch_size, .epochs = job_.trainer.epochs, .max_steps = job_.trainer.max_steps}};
    const auto backend = make_backend(job_.device, p.spec, p.train, members, options, &trained.device_reason);
    trained.device = backend->device();
    training::start_members(*backend, members, p.start);
    TrainerConfig config = job_.trainer;
    config.threads = job_.threads;
    std::vector<Observer*> all(observers.begin(), observers.end());
    if (!checkpoints.folder.empty()) {
      checkpointer.emplace(checkpoints, training::fingerprint_of(job_, p, trained.device), observers);
      all.push_back(&*checkpointer);
    }
    trained.result = train(*backend, p.train, p.valid ? &*p.valid : nullptr, config, {}, all, stop_,
                           checkpointer ? &*checkpointer : nullptr);
    trained.device_description = backend->description();  // of how it was trained, in the end
    if (checkpointer) trained.checkpoints = checkpointer->report();
    for (std::int64_t m = 0; m < n_members; ++m) {
      MemberOutcome outcome{trained.result.members[static_cast<std::size_t>(m)], backend->evaluate(m, p.train, {}),
                            std::nullopt};
      if (p.valid) outcome.valid = backend->evaluate(m, *p.valid, {});
      trained.members.push_back(std::move(outcome));
    }
    for (const std::string& note : backend->take_notes()) {
      for (Observer* observer : observers) observer->on_note(note);
    }
    const std::vector<double> parameters = backend->evaluation_parameters(trained.result.best_member);
    trained.parameters.assign(parameters.begin(), parameters.end());
    if (with_details) trained.details = take_apart(p, *backend, trained.result.best_member);
    return trained;
  }

  /// Of the held-out rows, or the training rows if there are none.
  static PredictionDetails take_apart(const Prepared& p, Backend& backend, std::int64_t member) {
    const Dataset& data = p.valid ? *p.valid : p.train;
    const std::vector<std::uint32_t> rows = training::spaced_rows(data.n_rows, training::kMostJudgedRows);
    std::vector<float> outputs(rows.size() * static_cast<std::size_t>(p.spec.n_outputs));
    if (!rows.empty()) backend.predict(member, data.view(), rows, outputs);
    PredictionDetails details = training::details_of(p.spec, p.preprocessing, data, rows, outputs);
    details.validation = p.valid.has_value();
    return details;
  }

  /// Trains every fold as --valid with its rows would: nothing of what it is measured on enters its preprocessing.
  /// The folds come after the model, so that an interrupted job has one.
  void run_folds(const std::vector<data::RowSplit>& folds, JobResult& result, std::span<Observer* const> observers) {
    for (std::size_t k = 0; k < folds.size() && !(stop_ != nullptr && stop_->load()); ++k) {
      Numbered numbered(static_cast<std::int64_t>(k) + 1, observers);
      Observer* const fold_observers[] = {&numbered};
      data::RowSplit split = folds[k];
      Notes ignored;  // the training on all rows has said what there is to say of the columns
      if (classify_) training::train_on_every_class(table_, job_.preprocess.targets.at(0), split, ignored);
      try {
        CheckpointOptions checkpoints = job_.checkpoints;
        if (!checkpoints.folder.empty()) checkpoints.folder += "/fold-" + std::to_string(k + 1);
        Trained fold = train_population(prepare(split, ignored), 1, checkpoints, fold_observers, false);
        if (!fold.checkpoints.failure.empty()) result.checkpoints.failure = fold.checkpoints.failure;
        result.training.seconds += fold.result.seconds;
        result.training.samples += fold.result.samples;
        result.training.steps += fold.result.steps;
        MemberOutcome& outcome = fold.members.at(0);
        if (outcome.result.reason == StopReason::kDiverged) throw DivergenceError(outcome.result.divergence);
        result.folds.push_back(std::move(outcome));
      } catch (const DivergenceError& error) {
        result.notes.push_back("fold " + std::to_string(k + 1) + " is left out: " + error.what());
      }
    }
  }

  Model make_model(Prepared prepared, std::vector<float> parameters, const JobResult& result) const {
    const MemberResult& chosen = result.members[static_cast<std::size_t>(result.chosen)].result;
    Model model{.spec = prepared.spec,
                .preprocessing = std::move(prepared.preprocessing),
                .parameters = std::move(parameters),
                .facts = {{"optimizer", std::string(name_of(job_.trainer.optimizer.kind))},
                          {"device", std::string(name_of(result.device))},
                          {"seed", std::to_string(job_.trainer.seed)},
                          {"epochs", std::to_string(chosen.epochs)},
                          {"steps", std::to_string(chosen.steps)},
                          {"training rows", std::to_string(result.train_rows)}}};
    if (chosen.reason == StopReason::kDiverged) model.facts.emplace_back("stopped", "diverged; the last good state");
    if (job_.start != nullptr) model.facts.emplace_back("continued from", job_.start_name);
    return model;
  }

  const TrainJob& job_;
  const Table& table_;
  const Table* valid_table_;
  const std::atomic<bool>* stop_;
  bool classify_;
};

}  // namespace

JobResult run_job(const TrainJob& job, std::span<Observer* const> observers, const std::atomic<bool>* stop) {
  validate(job);
  if (!job.checkpoints.folder.empty()) {  // found now rather than after the reading
    const training::CheckpointFolder usable(job.checkpoints.folder);
  }
  const ReadOptions read = job.start ? training::reading_for(*job.start, job.read, Purpose::kEvaluate) : job.read;
  const Table table = read_table(job.data, read);
  if (job.valid.empty()) return run_job(job, table, nullptr, observers, stop);
  const Table valid = read_table(job.valid, read);
  return run_job(job, table, &valid, observers, stop);
}

JobResult run_job(const TrainJob& job, const Table& table, const Table* valid_table,
                  std::span<Observer* const> observers, const std::atomic<bool>* stop) {
  validate(job);
  return JobRun(job, table, valid_table, stop).run(observers);
}

}  // namespace slalom
