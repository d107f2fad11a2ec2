// SPDX-License-Identifier: Apache-2.0
// Predicts and evaluates raw tables with a trained model.
#include <slalom/job.hpp>

#include <algorithm>
#include <cmath>

#include <slalom/error.hpp>

#include "core/losses.hpp"
#include "data/class_names.hpp"
#include "train/continuation.hpp"
#include "train/job_spec.hpp"

namespace slalom {
namespace {

/// The class of every row with its probabilities (or, for hinge, its score).
struct ClassOutputs {
  std::vector<std::int32_t> labels;
  std::vector<std::vector<double>> values;  ///< one vector a class; hinge: one vector of scores
};

ClassOutputs class_outputs(const ModelSpec& spec, std::span<const float> outputs, std::int64_t n_rows) {
  const auto n = static_cast<std::size_t>(n_rows);
  const auto k = static_cast<std::size_t>(spec.n_outputs);
  ClassOutputs result;
  result.labels.resize(n);
  const std::size_t columns = spec.loss.kind == LossKind::kHinge ? 1 : std::max<std::size_t>(k, 2);
  result.values.assign(columns, std::vector<double>(n));
  std::vector<double> row(k);
  for (std::size_t i = 0; i < n; ++i) {
    if (spec.loss.kind == LossKind::kCrossEntropy) {
      for (std::size_t j = 0; j < k; ++j) row[j] = static_cast<double>(outputs[i * k + j]);
      result.labels[i] = static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
      core::softmax(row.data(), spec.n_outputs, row.data());
      for (std::size_t j = 0; j < k; ++j) result.values[j][i] = row[j];
      continue;
    }
    const auto z = static_cast<double>(outputs[i]);
    result.labels[i] = z > 0.0 ? 1 : 0;
    if (spec.loss.kind == LossKind::kHinge) {
      result.values[0][i] = z;
    } else {
      result.values[0][i] = core::sigmoid(-z);
      result.values[1][i] = core::sigmoid(z);
    }
  }
  return result;
}

/// The predicted class as a column: numbers if the classes were numbers in the data, else text.
Column label_column(const Preprocessing& preprocessing, const std::vector<std::int32_t>& labels) {
  if (!preprocessing.numeric_classes) {
    CategoricalColumn column;
    column.codes.resize(labels.size());
    std::vector<std::int32_t> codes(preprocessing.classes.size(), CategoricalColumn::kMissing);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const auto label = static_cast<std::size_t>(labels[i]);
      if (codes[label] == CategoricalColumn::kMissing) {
        codes[label] = static_cast<std::int32_t>(column.categories.size());
        column.categories.push_back(preprocessing.classes[label]);
      }
      column.codes[i] = codes[label];
    }
    return {"prediction", std::move(column)};
  }
  const std::vector<double> numbers = data::class_numbers(preprocessing.classes);
  NumericColumn column;
  for (const std::int32_t label : labels) column.values.push_back(numbers[static_cast<std::size_t>(label)]);
  return {"prediction", std::move(column)};
}

}  // namespace

struct Predictor::State {
  Model model;
  Dataset empty;  ///< what the backend is told it trains on: nothing
  std::unique_ptr<Backend> backend;

  void pass_notes_on(Notes& notes) const {
    for (std::string& note : backend->take_notes()) notes.push_back(std::move(note));
  }
};

Predictor::Predictor(Model model, DeviceKind device, int threads, Precision precision)
    : state_(std::make_unique<State>()) {
  training::validate_threads(threads);
  state_->model = std::move(model);
  const ModelSpec& spec = state_->model.spec;
  state_->empty.n_features = spec.n_features;
  state_->empty.n_targets = spec.n_outputs;
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kSgd}};
  state_->backend =
      make_backend(device, spec, state_->empty, {&member, 1}, {.threads = threads, .precision = precision});
  const auto& parameters = state_->model.parameters;
  state_->backend->import_state(0, {.parameters = std::vector<double>(parameters.begin(), parameters.end())});
}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

const Model& Predictor::model() const noexcept { return state_->model; }

ReadOptions Predictor::reading(ReadOptions options, Purpose purpose) const {
  return training::reading_for(state_->model, std::move(options), purpose);
}

std::vector<std::pair<std::string, bool>> Predictor::output_columns() const {
  const ModelSpec& spec = state_->model.spec;
  const Preprocessing& preprocessing = state_->model.preprocessing;
  std::vector<std::pair<std::string, bool>> columns;
  if (!spec.is_classifier()) {
    if (preprocessing.targets.size() == 1) return {{"prediction", false}};
    for (const std::string& target : preprocessing.targets) columns.emplace_back("prediction_" + target, false);
    return columns;
  }
  columns.emplace_back("prediction", !preprocessing.numeric_classes);
  if (spec.loss.kind == LossKind::kHinge) {
    columns.emplace_back("score", false);
    return columns;
  }
  for (const std::string& name : preprocessing.classes) columns.emplace_back("probability_" + name, false);
  return columns;
}

Table Predictor::predict(const Table& table, Notes& notes) {
  const ModelSpec& spec = state_->model.spec;
  const Preprocessing& preprocessing = state_->model.preprocessing;
  const Dataset data = apply_preprocessing(preprocessing, table, {}, Purpose::kPredict, false, notes);
  std::vector<float> outputs(static_cast<std::size_t>(data.n_rows * spec.n_outputs));
  state_->backend->predict(0, data.view(), {}, outputs);
  state_->pass_notes_on(notes);

  Table result;
  result.n_rows = data.n_rows;
  const auto names = output_columns();
  if (spec.is_classifier()) {
    ClassOutputs classes = class_outputs(spec, outputs, data.n_rows);
    result.columns.push_back(label_column(preprocessing, classes.labels));
    for (std::size_t j = 0; j < classes.values.size(); ++j) {
      result.columns.emplace_back(names[j + 1].first, NumericColumn{std::move(classes.values[j])});
    }
    return result;
  }
  const auto k = static_cast<std::size_t>(spec.n_outputs);
  for (std::size_t j = 0; j < k; ++j) {
    NumericColumn column;
    column.values.resize(static_cast<std::size_t>(data.n_rows));
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      column.values[i] =
          preprocessing.target_offset[j] + preprocessing.target_scale[j] * static_cast<double>(outputs[i * k + j]);
    }
    result.columns.emplace_back(names[j].first, std::move(column));
  }
  return result;
}

Metrics Predictor::evaluate(const Table& table, Notes& notes) {
  const bool labels = state_->model.spec.loss.kind == LossKind::kCrossEntropy;
  const Dataset data = apply_preprocessing(state_->model.preprocessing, table, {}, Purpose::kEvaluate, labels, notes);
  Metrics metrics = state_->backend->evaluate(0, data, {});
  state_->pass_notes_on(notes);
  return metrics;
}

}  // namespace slalom
