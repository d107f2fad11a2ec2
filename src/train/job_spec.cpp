// SPDX-License-Identifier: Apache-2.0
// Derives a job's model from its settings and data, and checks the settings.
#include "train/job_spec.hpp"

#include <algorithm>
#include <cmath>

#include <slalom/error.hpp>

#include "data/class_names.hpp"
#include "train/continuation.hpp"

namespace slalom {
namespace training {

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

void validate_threads(int threads) {
  if (threads < 0 || threads > 1024) {
    throw UsageError("--threads: found " + std::to_string(threads) + ", expected 0 (all cores) to 1024");
  }
}

}  // namespace training

void validate(const CheckpointOptions& options) {
  const double count = options.interval.count;
  const bool whole = options.interval.unit == CheckpointInterval::Unit::kSeconds || count == std::floor(count);
  if (!(count > 0.0 && std::isfinite(count) && whole)) {
    throw UsageError("--checkpoint-every: found " + data::number_text(count) +
                     ", expected whole epochs or steps, or seconds, above 0");
  }
  if (options.keep < 1) {
    throw UsageError("--checkpoint-keep: found " + std::to_string(options.keep) + ", expected a number >= 1");
  }
  if (options.resume && options.folder.empty()) {
    throw UsageError("--resume: found without --checkpoint-dir, expected the folder of the checkpoints");
  }
}

void validate(const TrainJob& job) {
  training::validate_start(job);
  if (job.preprocess.targets.empty()) {
    throw UsageError("--target: missing, expected a column name or index (-1 is the last column)");
  }
  if (!(job.valid_fraction >= 0.0 && job.valid_fraction < 1.0)) {
    throw UsageError("--valid-fraction: found " + data::number_text(job.valid_fraction) +
                     ", expected 0 <= fraction < 1");
  }
  if (job.restarts < 1 || job.restarts > 10000) {
    throw UsageError("--restarts: found " + std::to_string(job.restarts) + ", expected 1 to 10000");
  }
  if (job.folds == 1 || job.folds < 0) {
    throw UsageError("--folds: found " + std::to_string(job.folds) + ", expected 0 (none) or at least 2");
  }
  if (job.folds > 0 && job.restarts > 1) throw UsageError("--folds and --restarts: found both, expected one of them");
  if (job.folds > 0 && !job.valid.empty()) throw UsageError("--folds and --valid: found both, expected one of them");
  training::validate_threads(job.threads);
  if (job.device_memory < 0) {
    throw UsageError("--device-memory: found " + std::to_string(job.device_memory) + ", expected bytes >= 0");
  }
  if (job.model.kind == ModelKind::kMlp && job.model.hidden.empty()) {
    throw UsageError("--hidden: missing, expected the widths of the hidden layers of --model mlp, for example 64,64");
  }
  if (job.model.kind != ModelKind::kMlp && !job.model.hidden.empty()) {
    throw UsageError("--hidden: found with --model " + std::string(name_of(job.model.kind)) + ", expected --model mlp");
  }
  ModelSpec shape = job.model;
  shape.n_features = std::max<std::int64_t>(shape.n_features, 1);
  shape.loss.kind = job.loss.value_or(
      training::default_loss(shape.kind, shape.kind != ModelKind::kLinear && shape.kind != ModelKind::kMlp, 2));
  if (shape.loss.kind == LossKind::kCrossEntropy) shape.n_outputs = 2;
  validate(shape);
  validate(job.trainer);
  validate(job.checkpoints);
}

}  // namespace slalom
