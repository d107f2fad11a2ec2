// SPDX-License-Identifier: Apache-2.0
// Takes shape, preprocessing and parameters from a trained model, and checks that a job fits it.
#include "train/continuation.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <slalom/error.hpp>

#include "data/class_weights.hpp"
#include "model/rescale.hpp"

namespace slalom {
namespace training {
namespace {

void require_same(const std::string& flag, const std::string& found, const std::string& expected, const TrainJob& job) {
  if (found == expected) return;
  throw UsageError(
      fmt::format("{}: found {}, expected {} as in {} (--init-from)", flag, found, expected, job.start_name));
}

std::string widths(const std::vector<std::int64_t>& hidden) {
  return hidden.empty() ? "none" : fmt::format("{}", fmt::join(hidden, ","));
}

void require_none(const std::string& flag, bool found, const TrainJob& job) {
  if (!found) return;
  throw UsageError(
      fmt::format("{}: found with --init-from, expected none: the columns are those of {}", flag, job.start_name));
}

/// That the job's targets, however they are named, are the model's.
void check_targets(const TrainJob& job, const Table& table) {
  std::vector<std::string> names;
  for (const std::string& target : job.preprocess.targets) {
    names.push_back(table.columns[resolve_column(table, target, "--target")].name());
  }
  require_same("--target", fmt::format("{}", fmt::join(names, ",")),
               fmt::format("{}", fmt::join(job.start->preprocessing.targets, ",")), job);
}

void set_weights(Preprocessing& p, const TrainJob& job, const Table& table, std::span<const std::uint32_t> rows) {
  if (!job.preprocess.weight_column.empty()) {
    const std::string name =
        table.columns[resolve_column(table, job.preprocess.weight_column, "--weight-column")].name();
    const bool is_input =
        std::any_of(p.inputs.begin(), p.inputs.end(), [&](const InputColumn& input) { return input.name == name; });
    if (is_input) {
      throw UsageError(fmt::format("--weight-column: '{}' is a feature of {} (--init-from)", name, job.start_name));
    }
    p.weight_column = name;
  }
  if (p.classes.empty()) return;
  const Column& target = table.columns[resolve_column(table, p.targets.at(0), "--target")];
  data::fit_class_weights(p, data::count_classes(table, target, {rows, table.n_rows}), target, job.preprocess);
}

}  // namespace

ReadOptions reading_for(const Model& model, ReadOptions options, Purpose purpose) {
  options.kinds = model.preprocessing.column_kinds();
  if (purpose == Purpose::kPredict) options.kinds.resize(model.preprocessing.inputs.size());  // inputs first
  for (const InputColumn& input : model.preprocessing.inputs) {  // LIBSVM columns are f1..fN
    std::int64_t index = 0;
    const char* const end = input.name.data() + input.name.size();
    if (input.name.size() < 2 || input.name[0] != 'f') continue;
    const auto [stop, error] = std::from_chars(input.name.data() + 1, end, index);
    if (error == std::errc{} && stop == end) options.libsvm_features = std::max(options.libsvm_features, index);
  }
  return options;
}

void validate_start(const TrainJob& job) {
  if (job.start == nullptr) {
    if (job.refit_scaling) {
      throw UsageError("--refit-scaling: found without --init-from, expected the model to go on from");
    }
    return;
  }
  const ModelSpec& spec = job.start->spec;
  require_same("--model", std::string(name_of(job.model.kind)), std::string(name_of(spec.kind)), job);
  require_same("--hidden", widths(job.model.hidden), widths(spec.hidden), job);
  require_same("--activation", std::string(name_of(job.model.activation)), std::string(name_of(spec.activation)), job);
  require_same("--batch-norm", job.model.batch_norm ? "yes" : "no", spec.batch_norm ? "yes" : "no", job);
  require_same("--loss", std::string(name_of(job.loss.value_or(spec.loss.kind))), std::string(name_of(spec.loss.kind)),
               job);
  require_none("--features", !job.preprocess.features.empty(), job);
  require_none("--drop", !job.preprocess.drop.empty(), job);
  require_none("--categorical", !job.preprocess.categorical.empty(), job);
  if (job.folds > 0) {
    throw UsageError(
        fmt::format("--folds: found with --init-from, expected none: {} may have been trained on the rows "
                    "that a fold is measured on",
                    job.start_name));
  }
}

Prepared continued(const TrainJob& job, const Table& table, std::span<const std::uint32_t> train_rows, Notes& notes) {
  check_targets(job, table);
  Prepared p;
  p.drift = measure_drift(job.start->preprocessing, table, train_rows);
  p.preprocessing = job.refit_scaling
                        ? refit_scaling(job.start->preprocessing, table, train_rows, job.preprocess, notes)
                        : job.start->preprocessing;
  p.start = model_io::rescaled_parameters(*job.start, p.preprocessing);
  set_weights(p.preprocessing, job, table, train_rows);
  add_statistics(p.preprocessing, table, train_rows);
  return p;
}

std::string drift_warning(const DriftReport& drift, const std::string& name) {
  const std::int64_t n = drift.n_beyond();
  if (n == 0) return {};
  const ColumnDrift& worst = drift.columns.front();
  return fmt::format("the data have drifted from those of {}: {} of {} columns beyond the thresholds, worst '{}' ({})",
                     name, n, drift.columns.size(), worst.name, worst.finding);
}

}  // namespace training

void start_from(TrainJob& job, std::shared_ptr<const Model> model, const std::string& name) {
  const Preprocessing& p = model->preprocessing;
  const ModelSpec given = job.model;
  job.model = model->spec;
  job.model.initialization = given.initialization;
  job.model.init_scale = given.init_scale;
  job.loss = model->spec.loss.kind;
  if (job.model.loss.kind == LossKind::kHuber) job.model.loss.huber_delta *= p.target_scale.at(0);  // in target units
  job.preprocess.targets = p.targets;
  job.start = std::move(model);
  job.start_name = name;
}

}  // namespace slalom
