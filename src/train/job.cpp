// SPDX-License-Identifier: Apache-2.0
// Runs a training job: read, split, preprocess, train a population, evaluate, pick the model.
#include <slalom/job.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <slalom/error.hpp>

#include "data/split.hpp"

namespace slalom {
namespace {

/// True if the job's loss (given or implied by the model and the target column) is one of classes.
bool classifies(const TrainJob& job, const Table& table) {
  if (job.loss) {
    return *job.loss == LossKind::kBce || *job.loss == LossKind::kCrossEntropy || *job.loss == LossKind::kHinge;
  }
  switch (job.model.kind) {
    case ModelKind::kLinear: return false;
    case ModelKind::kLogistic:
    case ModelKind::kSoftmax: return true;
    case ModelKind::kMlp: break;
  }
  const std::size_t target = resolve_column(table, job.preprocess.targets.at(0), "--target");
  return !table.columns[target].is_numeric();
}

LossKind default_loss(ModelKind kind, bool classify, std::size_t n_classes) {
  if (!classify) return LossKind::kMse;
  if (kind == ModelKind::kSoftmax) return LossKind::kCrossEntropy;
  if (kind == ModelKind::kMlp && n_classes > 2) return LossKind::kCrossEntropy;
  return LossKind::kBce;
}

/// Completes the model from the data: sizes, loss, and loss constants in standardised units.
ModelSpec complete_spec(const TrainJob& job, const Preprocessing& preprocessing) {
  ModelSpec spec = job.model;
  const std::size_t n_classes = preprocessing.classes.size();
  spec.n_features = preprocessing.n_features();
  spec.loss.kind = job.loss.value_or(default_loss(spec.kind, n_classes > 0, n_classes));
  if (spec.loss.kind == LossKind::kCrossEntropy) {
    spec.n_outputs = static_cast<std::int64_t>(n_classes);
  } else if (n_classes > 0) {
    if (n_classes > 2) {
      throw DataError("--target: column '" + preprocessing.targets.at(0) + "' has " + std::to_string(n_classes) +
                      " classes; loss " + std::string(name_of(spec.loss.kind)) +
                      " is for two (use --model softmax, or --model mlp --loss cross-entropy)");
    }
    spec.n_outputs = 1;
  } else {
    spec.n_outputs = static_cast<std::int64_t>(preprocessing.targets.size());
  }
  if (spec.loss.kind == LossKind::kHuber) {
    if (preprocessing.target_scale.size() > 1) {
      throw UsageError("--loss huber: found several targets, expected one (delta is in the target's units)");
    }
    spec.loss.huber_delta /= preprocessing.target_scale.at(0);
  }
  validate(spec);
  return spec;
}

struct Split {
  std::vector<std::uint32_t> train, valid;
};

Split split_for(const TrainJob& job, const Table& table, bool separate_valid) {
  if (separate_valid || job.folds > 0 || job.valid_fraction == 0.0) return {};
  auto [train, valid] = data::split_rows(table.n_rows, job.valid_fraction, job.trainer.seed);
  return {std::move(train), std::move(valid)};
}

/// The population: restarts, or one member per fold and one that sees all rows.
struct Population {
  std::vector<MemberConfig> members;
  std::vector<MemberRows> rows;
};

Population make_population(const TrainJob& job, std::int64_t n_rows) {
  Population population;
  const auto add = [&](std::uint64_t stream) {
    population.members.push_back({.optimizer = job.trainer.optimizer, .seed = job.trainer.seed, .stream = stream});
    population.rows.emplace_back();
  };
  if (job.folds == 0) {
    for (std::int64_t r = 0; r < job.restarts; ++r) add(static_cast<std::uint64_t>(r));
    return population;
  }
  const auto folds = data::fold_rows(n_rows, job.folds, job.trainer.seed);
  for (std::size_t k = 0; k < folds.size(); ++k) {
    add(k);
    MemberRows& rows = population.rows.back();
    rows.valid_rows = folds[k];
    for (std::size_t other = 0; other < folds.size(); ++other) {
      if (other != k) rows.train_rows.insert(rows.train_rows.end(), folds[other].begin(), folds[other].end());
    }
    std::sort(rows.train_rows.begin(), rows.train_rows.end());
  }
  add(folds.size());
  return population;
}

std::vector<float> narrowed(const std::vector<double>& values) {
  std::vector<float> result(values.size());
  std::transform(values.begin(), values.end(), result.begin(), [](double v) { return static_cast<float>(v); });
  return result;
}

}  // namespace

void validate(const TrainJob& job) {
  if (job.preprocess.targets.empty()) {
    throw UsageError("--target: missing, expected a column name or index (-1 is the last column)");
  }
  if (!(job.valid_fraction >= 0.0 && job.valid_fraction < 1.0)) {
    throw UsageError("--valid-fraction: found " + std::to_string(job.valid_fraction) + ", expected 0 <= fraction < 1");
  }
  if (job.restarts < 1 || job.restarts > 10000) {
    throw UsageError("--restarts: found " + std::to_string(job.restarts) + ", expected 1 to 10000");
  }
  if (job.folds == 1 || job.folds < 0) {
    throw UsageError("--folds: found " + std::to_string(job.folds) + ", expected 0 (none) or at least 2");
  }
  if (job.folds > 0 && job.restarts > 1) throw UsageError("--folds and --restarts: found both, expected one of them");
  if (job.folds > 0 && !job.valid.empty()) throw UsageError("--folds and --valid: found both, expected one of them");
  if (job.threads < 0 || job.threads > 1024) {
    throw UsageError("--threads: found " + std::to_string(job.threads) + ", expected 0 (all cores) to 1024");
  }
  if (job.model.kind == ModelKind::kMlp && job.model.hidden.empty()) {
    throw UsageError("--hidden: missing, expected the widths of the hidden layers of --model mlp, for example 64,64");
  }
  if (job.model.kind != ModelKind::kMlp && !job.model.hidden.empty()) {
    throw UsageError("--hidden: found with --model " + std::string(name_of(job.model.kind)) + ", expected --model mlp");
  }
  ModelSpec shape = job.model;
  shape.n_features = std::max<std::int64_t>(shape.n_features, 1);
  shape.loss.kind =
      job.loss.value_or(default_loss(shape.kind, shape.kind != ModelKind::kLinear && shape.kind != ModelKind::kMlp, 2));
  if (shape.loss.kind == LossKind::kCrossEntropy) shape.n_outputs = 2;
  validate(shape);
  validate(shape, job.trainer.optimizer);
  validate(job.trainer);
}

JobResult run_job(const TrainJob& job, std::span<Observer* const> observers, const std::atomic<bool>* stop) {
  validate(job);
  const Table table = read_table(job.data, job.read);
  if (job.valid.empty()) return run_job(job, table, nullptr, observers, stop);
  const Table valid = read_table(job.valid, job.read);
  return run_job(job, table, &valid, observers, stop);
}

JobResult run_job(const TrainJob& job, const Table& table, const Table* valid_table,
                  std::span<Observer* const> observers, const std::atomic<bool>* stop) {
  validate(job);
  JobResult job_result;
  Notes& notes = job_result.notes;
  const Split split = split_for(job, table, valid_table != nullptr);
  const bool classify = classifies(job, table);

  Preprocessing preprocessing = fit_preprocessing(table, split.train, classify, job.preprocess, notes);
  const ModelSpec spec = complete_spec(job, preprocessing);
  const bool labels = spec.loss.kind == LossKind::kCrossEntropy;
  const Dataset train_data = apply_preprocessing(preprocessing, table, split.train, Purpose::kTrain, labels, notes);
  std::optional<Dataset> valid_data;
  if (valid_table != nullptr) {
    valid_data = apply_preprocessing(preprocessing, *valid_table, {}, Purpose::kEvaluate, labels, notes);
  } else if (!split.valid.empty()) {
    valid_data = apply_preprocessing(preprocessing, table, split.valid, Purpose::kEvaluate, labels, notes);
  }
  job_result.train_rows = train_data.n_rows;
  job_result.valid_rows = valid_data ? valid_data->n_rows : 0;

  const Population population = make_population(job, train_data.n_rows);
  const auto backend = make_backend(job.device, spec, train_data, population.members, {.threads = job.threads},
                                    &job_result.device_reason);
  job_result.device = backend->device();
  job_result.device_description = backend->description();
  for (std::int64_t m = 0; m < backend->n_members(); ++m) {
    const MemberConfig& member = population.members[static_cast<std::size_t>(m)];
    backend->import_state(m, {.parameters = initial_parameters(spec, member.seed, member.stream)});
  }

  job_result.training =
      train(*backend, train_data, valid_data ? &*valid_data : nullptr, job.trainer, population.rows, observers, stop);

  for (std::int64_t m = 0; m < backend->n_members(); ++m) {
    const MemberRows& rows = population.rows[static_cast<std::size_t>(m)];
    MemberOutcome outcome{job_result.training.members[static_cast<std::size_t>(m)],
                          backend->evaluate(m, train_data, rows.train_rows), std::nullopt};
    if (!rows.valid_rows.empty()) {
      outcome.valid = backend->evaluate(m, train_data, rows.valid_rows);
    } else if (valid_data) {
      outcome.valid = backend->evaluate(m, *valid_data, {});
    }
    job_result.members.push_back(std::move(outcome));
  }
  job_result.chosen = job.folds > 0 ? backend->n_members() - 1 : job_result.training.best_member;

  const MemberResult& chosen = job_result.members[static_cast<std::size_t>(job_result.chosen)].result;
  job_result.model = {.spec = spec,
                      .preprocessing = std::move(preprocessing),
                      .parameters = narrowed(backend->evaluation_parameters(job_result.chosen)),
                      .facts = {{"optimizer", std::string(name_of(job.trainer.optimizer.kind))},
                                {"device", std::string(name_of(job_result.device))},
                                {"seed", std::to_string(job.trainer.seed)},
                                {"epochs", std::to_string(chosen.epochs)},
                                {"steps", std::to_string(chosen.steps)},
                                {"training rows", std::to_string(job_result.train_rows)}}};
  return job_result;
}

}  // namespace slalom
