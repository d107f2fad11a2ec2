// SPDX-License-Identifier: Apache-2.0
// Loss and metrics of a dataset from raw model outputs.
#include <slalom/metrics.hpp>

#include <algorithm>
#include <cmath>

#include "core/losses.hpp"
#include "data/row_list.hpp"
#include "train/class_metrics.hpp"

namespace slalom {
namespace {

using data::RowList;

double weight_of(const Dataset& data, std::size_t row) {
  return data.weights.empty() ? 1.0 : static_cast<double>(data.weights[row]);
}

/// Mean weighted loss in stored-target units.
double mean_loss(const ModelSpec& spec, const Dataset& data, const RowList& rows, std::span<const float> outputs) {
  const auto k = static_cast<std::size_t>(spec.n_outputs);
  const double constant = core::loss_constant(spec.loss);
  std::vector<double> z(k);
  double sum = 0.0, weights = 0.0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows[i];
    double loss = 0.0;
    for (std::size_t j = 0; j < k; ++j) z[j] = static_cast<double>(outputs[i * k + j]);
    if (spec.loss.kind == LossKind::kCrossEntropy) {
      loss = core::cross_entropy(z.data(), spec.n_outputs, data.labels[row], z.data());
    } else {
      for (std::size_t j = 0; j < k; ++j) {
        loss +=
            core::pointwise_loss(spec.loss.kind, z[j], static_cast<double>(data.targets[row * k + j]), constant).loss;
      }
      loss /= static_cast<double>(k);
    }
    sum += weight_of(data, row) * loss;
    weights += weight_of(data, row);
  }
  return weights > 0.0 ? sum / weights : 0.0;
}

void add_regression(Metrics& metrics, const ModelSpec& spec, const Dataset& data, const RowList& rows,
                    std::span<const float> outputs) {
  const auto k = static_cast<std::size_t>(spec.n_outputs);
  const auto n = static_cast<double>(rows.size());
  double mse = 0.0, mae = 0.0, r2 = 0.0;
  bool varies = true;
  for (std::size_t j = 0; j < k; ++j) {
    const double scale = data.target_scale.empty() ? 1.0 : data.target_scale[j];
    const double offset = data.target_offset.empty() ? 0.0 : data.target_offset[j];
    double squares = 0.0, sizes = 0.0, mean = 0.0, spread = 0.0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const auto target = static_cast<double>(data.targets[rows[i] * k + j]);
      const double residual = scale * (static_cast<double>(outputs[i * k + j]) - target);
      squares += residual * residual;
      sizes += std::fabs(residual);
      mean += offset + scale * target;
    }
    mean /= n;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const double d = offset + scale * static_cast<double>(data.targets[rows[i] * k + j]) - mean;
      spread += d * d;
    }
    mse += squares / n;
    mae += sizes / n;
    varies = varies && spread > 0.0;
    r2 += spread > 0.0 ? 1.0 - squares / spread : 0.0;
  }
  const auto targets = static_cast<double>(k);
  metrics.mse = mse / targets;
  metrics.rmse = std::sqrt(*metrics.mse);
  metrics.mae = mae / targets;
  if (varies) metrics.r2 = r2 / targets;
}

/// Labels, predicted labels and one score a class for every row.
training::ClassScores class_scores(const ModelSpec& spec, const Dataset& data, const RowList& rows,
                                   std::span<const float> outputs) {
  const bool multi = spec.loss.kind == LossKind::kCrossEntropy;
  const auto k = static_cast<std::size_t>(spec.n_outputs);
  training::ClassScores scores;
  scores.n_classes = multi ? spec.n_outputs : 2;
  scores.scores.assign(multi && k > 2 ? k : 1, std::vector<double>(rows.size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::size_t row = rows[i];
    const float* z = outputs.data() + i * k;
    if (!multi) {
      scores.truth.push_back(data.targets[row] > 0.5F ? 1 : 0);
      scores.predicted.push_back(z[0] > 0.0F ? 1 : 0);
      scores.scores[0][i] = static_cast<double>(z[0]);
      continue;
    }
    scores.truth.push_back(data.labels[row]);
    scores.predicted.push_back(static_cast<std::int32_t>(std::max_element(z, z + k) - z));
    std::vector<double> p(z, z + k);
    core::softmax(p.data(), spec.n_outputs, p.data());
    for (std::size_t c = 0; c < scores.scores.size(); ++c)
      scores.scores[c][i] = scores.scores.size() == 1 ? p.back() : p[c];
  }
  return scores;
}

}  // namespace

std::vector<std::pair<std::string, double>> Metrics::items() const {
  std::vector<std::pair<std::string, double>> result;
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) result.emplace_back(name, *value);
  };
  add("mse", mse);
  add("rmse", rmse);
  add("mae", mae);
  add("r2", r2);
  add("log_loss", log_loss);
  add("accuracy", accuracy);
  add("auc", auc);
  add("f1", f1);
  return result;
}

Metrics compute_metrics(const ModelSpec& spec, const Dataset& data, std::span<const std::uint32_t> row_list,
                        std::span<const float> outputs) {
  const RowList rows(row_list, data.n_rows);
  Metrics metrics;
  metrics.rows = static_cast<std::int64_t>(rows.size());
  if (rows.size() == 0) return metrics;
  metrics.loss = mean_loss(spec, data, rows, outputs) * loss_unit_factor(spec, data);
  if (!spec.is_classifier()) {
    add_regression(metrics, spec, data, rows, outputs);
    return metrics;
  }
  training::add_class_metrics(metrics, class_scores(spec, data, rows, outputs));
  if (spec.loss.kind != LossKind::kHinge) {  // log loss counts every row once
    double sum = 0.0;
    const auto k = static_cast<std::size_t>(spec.n_outputs);
    std::vector<double> z(k);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < k; ++j) z[j] = static_cast<double>(outputs[i * k + j]);
      sum += spec.loss.kind == LossKind::kBce
                 ? core::bce(z[0], static_cast<double>(data.targets[rows[i]])).loss
                 : core::cross_entropy(z.data(), spec.n_outputs, data.labels[rows[i]], z.data());
    }
    metrics.log_loss = sum / static_cast<double>(rows.size());
  }
  return metrics;
}

double loss_unit_factor(const ModelSpec& spec, const Dataset& data) noexcept {
  if (spec.is_classifier() || data.target_scale.size() != 1) return 1.0;
  const double scale = data.target_scale[0];
  const bool quadratic = spec.loss.kind == LossKind::kMse || spec.loss.kind == LossKind::kHuber;
  return quadratic ? scale * scale : scale;
}

}  // namespace slalom
