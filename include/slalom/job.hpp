// SPDX-License-Identifier: Apache-2.0
// The whole way from a file to a trained model, as one call: what `slalom train` runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <slalom/backend.hpp>
#include <slalom/checkpoint.hpp>
#include <slalom/config.hpp>
#include <slalom/drift.hpp>
#include <slalom/metrics.hpp>
#include <slalom/model.hpp>
#include <slalom/prediction_details.hpp>
#include <slalom/preprocess.hpp>
#include <slalom/table.hpp>
#include <slalom/trainer.hpp>

namespace slalom {

/// A training job over files.
struct TrainJob {
  std::string data;             ///< training file
  std::string valid;            ///< validation file; empty: a part of the training file
  double valid_fraction = 0.2;  ///< [0, 1): part of the rows held out when `valid` is empty and folds is 0; 0: none
  ReadOptions read;
  PreprocessOptions preprocess;
  /// Shape, loss and initialisation; n_features and n_outputs are found from the data. huber_delta is in target units.
  ModelSpec model;
  std::optional<LossKind> loss;  ///< unset: linear mse, logistic bce, softmax cross-entropy, mlp by the target's kind
  TrainerConfig trainer;
  std::int64_t restarts = 1;  ///< independent starting points; the best is kept
  /// k >= 2: cross-validation, besides the model, which is trained on all rows. Each fold is trained as if its rows
  /// were in a file of their own (`valid`): columns, scales and categories are those of its training rows.
  std::int64_t folds = 0;
  DeviceKind device = DeviceKind::kAuto;
  int threads = 0;
  Precision precision = Precision::kFp32;  ///< of the matrix products of a network on a CUDA device
  std::int64_t device_memory = 0;          ///< bytes for data on a CUDA device, see BackendOptions; 0: what is free
  /// A trained model to go on from, see start_from; its optimiser state is not kept. Nothing: initial parameters.
  std::shared_ptr<const Model> start;
  std::string start_name;         ///< its file, for messages
  bool refit_scaling = false;     ///< `start`: scale features and targets as the new data lie, not as the old ones did
  CheckpointOptions checkpoints;  ///< those of fold k are in a folder "fold-k" of theirs
  bool details = false;           ///< also take the model's predictions apart (JobResult::details), for reports
};

/// Makes the job one that goes on from `model`: takes over its shape and loss, targets, weight column and columns. The
/// job may then change what only concerns training: dropout, constants of the loss, weights of rows and classes.
void start_from(TrainJob& job, std::shared_ptr<const Model> model, const std::string& name);

/// What one member of a job's population achieved.
struct MemberOutcome {
  MemberResult result;
  Metrics train;
  std::optional<Metrics> valid;
};

/// Something that was looked at after training, for people.
struct Finding {
  std::string subject;      ///< "overshoot", "no progress", "plateau", "dead units", "saturated units"
  std::string advice;       ///< one line, what was seen and what to try; empty: nothing to worry about
  std::string explanation;  ///< at length: what was seen with numbers and, with advice, why it happens
};

struct JobResult {
  Model model;  ///< the best restart
  DeviceKind device = DeviceKind::kCpu;
  std::string device_description;
  std::string device_reason;           ///< why `auto` chose it; empty otherwise
  Notes notes;                         ///< what was noticed in the data
  TrainResult training;                ///< seconds, samples and steps include the folds
  std::vector<MemberOutcome> members;  ///< restarts
  std::int64_t chosen = 0;             ///< index into members: the model
  std::vector<MemberOutcome> folds;    ///< folds that were trained to their end
  std::int64_t train_rows = 0, valid_rows = 0;
  std::optional<DriftReport> drift;          ///< of the training rows from those of TrainJob::start
  CheckpointReport checkpoints;              ///< of the model's training; a failure may be a fold's
  std::vector<Finding> findings;             ///< about the model's training; empty if it diverged
  std::optional<PredictionDetails> details;  ///< of the chosen member, with TrainJob::details
  std::vector<std::string> unused_columns;   ///< of the training file: neither feature nor target nor weight
  /// What happened, with a diagnosis line by line, if training diverged for good and `model` is the last good state (the
  /// chosen member's reason is kDiverged); else empty.
  std::string divergence;
};

/// Checks every setting that can be checked without reading data. Throws UsageError naming the flag.
void validate(const TrainJob& job);

/// Reads, splits, fits preprocessing on the training part, trains, evaluates. Throws the errors of every part, so
/// DivergenceError, with a diagnosis, if training diverged and left no good state.
[[nodiscard]] JobResult run_job(const TrainJob& job, std::span<Observer* const> observers,
                                const std::atomic<bool>* stop = nullptr);

/// The same on tables in memory (`valid` may be null).
[[nodiscard]] JobResult run_job(const TrainJob& job, const Table& table, const Table* valid,
                                std::span<Observer* const> observers, const std::atomic<bool>* stop = nullptr);

/// A model ready to predict: the inference side of a job.
class Predictor {
 public:
  /// Throws DeviceError when the device is not there.
  explicit Predictor(Model model, DeviceKind device = DeviceKind::kAuto, int threads = 0,
                     Precision precision = Precision::kFp32);
  ~Predictor();
  Predictor(Predictor&&) noexcept;
  Predictor& operator=(Predictor&&) noexcept;

  [[nodiscard]] const Model& model() const noexcept;
  /// Reader options that make a raw file readable for this model (column kinds, LIBSVM width). For kPredict target and
  /// weight columns need not be there, nor hold what training saw in them.
  [[nodiscard]] ReadOptions reading(ReadOptions options, Purpose purpose = Purpose::kEvaluate) const;
  /// Regression: one column `prediction` (or `prediction_<target>`). Classes: `prediction`, then `probability_<class>`
  /// (not for hinge: `score`).
  [[nodiscard]] Table predict(const Table& table, Notes& notes);
  /// The names and kinds (true: text) of predict's columns.
  [[nodiscard]] std::vector<std::pair<std::string, bool>> output_columns() const;
  [[nodiscard]] Metrics evaluate(const Table& table, Notes& notes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace slalom
