// SPDX-License-Identifier: Apache-2.0
// Loss and metrics of a dataset from raw model outputs.
#include <slalom/metrics.hpp>

#include <algorithm>
#include <cmath>

#include "data/row_list.hpp"
#include "train/class_metrics.hpp"
#include "train/metric_sums.hpp"

namespace slalom {
namespace {

using data::RowList;
using training::judged;
using training::MetricSums;
using training::weight_of;

/// Sums over rows on the host, in row order.
class RowSums {
 public:
  RowSums(const ModelSpec& spec, const Dataset& data, const RowList& rows, std::span<const float> outputs)
      : spec_(spec), data_(data), rows_(rows), outputs_(outputs) {
    sums_.rows = static_cast<std::int64_t>(rows.size());
  }

  MetricSums all() {
    add_losses();
    if (spec_.is_classifier()) {
      count_classes();
      add_areas();
    } else {
      for (std::int64_t j = 0; j < spec_.n_outputs; ++j) sums_.targets.push_back(target(j));
    }
    return std::move(sums_);
  }

 private:
  [[nodiscard]] core::JudgedRow row(std::size_t i) const {
    return judged(spec_, data_, rows_[i], outputs_.data() + i * static_cast<std::size_t>(spec_.n_outputs));
  }

  void add_losses() {
    const double constant = core::loss_constant(spec_.loss);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const double loss = core::row_loss(spec_.loss.kind, constant, row(i));
      const double weight = weight_of(data_, rows_[i]);
      sums_.loss += weight * loss;
      sums_.weights += weight;
      sums_.plain_loss += loss;
    }
  }

  [[nodiscard]] MetricSums::Target target(std::int64_t j) const {
    const core::TargetUnits units = training::units_of(data_, j);
    MetricSums::Target t;
    double mean = 0.0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const core::JudgedRow judged_row = row(i);
      const double residual = units.residual(judged_row.z[j], judged_row.targets[j]);
      t.squares += residual * residual;
      t.sizes += std::fabs(residual);
      mean += units.value(judged_row.targets[j]);
    }
    mean /= static_cast<double>(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const double d = units.value(row(i).targets[j]) - mean;
      t.spread += d * d;
    }
    return t;
  }

  void count_classes() {
    const std::int64_t n = training::n_classes_of(spec_);
    sums_.confusion.assign(static_cast<std::size_t>(n * n), 0);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const core::JudgedRow judged_row = row(i);
      const std::int64_t truth = core::true_class(spec_.loss.kind, judged_row);
      ++sums_.confusion[static_cast<std::size_t>(truth * n + core::predicted_class(spec_.loss.kind, judged_row))];
    }
  }

  void add_areas() {
    const LossKind kind = spec_.loss.kind;
    std::vector<std::int32_t> truth(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) truth[i] = core::true_class(kind, row(i));
    const std::int64_t n_rankings = core::n_rankings(kind, spec_.n_outputs);
    std::vector<std::vector<double>> scores(static_cast<std::size_t>(n_rankings), std::vector<double>(rows_.size()));
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      core::ranking_scores(kind, row(i),
                           [&](std::int64_t r, double score) { scores[static_cast<std::size_t>(r)][i] = score; });
    }
    for (std::int64_t r = 0; r < n_rankings; ++r) {
      const std::int32_t positive = core::ranked_class(kind, spec_.n_outputs, r);
      sums_.areas.push_back(training::area_under_roc(scores[static_cast<std::size_t>(r)], truth, positive));
    }
  }

  const ModelSpec& spec_;
  const Dataset& data_;
  const RowList& rows_;
  std::span<const float> outputs_;
  MetricSums sums_;
};

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
  return training::metrics_of(spec, data, RowSums(spec, data, rows, outputs).all());
}

double training::weight_of(const Dataset& data, std::size_t row) {
  return data.weights.empty() ? 1.0 : static_cast<double>(data.weights[row]);
}

core::JudgedRow training::judged(const ModelSpec& spec, const Dataset& data, std::size_t row, const float* z) {
  const auto k = static_cast<std::size_t>(spec.n_outputs);
  if (spec.loss.kind == LossKind::kCrossEntropy) return {z, spec.n_outputs, nullptr, data.labels[row]};
  return {z, spec.n_outputs, data.targets.data() + row * k, 0};
}

std::int64_t training::n_classes_of(const ModelSpec& spec) noexcept {
  return spec.loss.kind == LossKind::kCrossEntropy ? spec.n_outputs : 2;
}

core::TargetUnits training::units_of(const Dataset& data, std::int64_t target) {
  const auto j = static_cast<std::size_t>(target);
  return {.scale = data.target_scale.empty() ? 1.0 : data.target_scale[j],
          .offset = data.target_offset.empty() ? 0.0 : data.target_offset[j]};
}

Metrics training::metrics_of(const ModelSpec& spec, const Dataset& data, const MetricSums& sums) {
  Metrics metrics;
  metrics.rows = sums.rows;
  if (sums.rows == 0) return metrics;
  const auto n = static_cast<double>(sums.rows);
  metrics.loss = (sums.weights > 0.0 ? sums.loss / sums.weights : 0.0) * loss_unit_factor(spec, data);
  if (spec.is_classifier()) {
    add_class_metrics(metrics, sums.confusion, n_classes_of(spec), sums.areas);
    if (spec.loss.kind != LossKind::kHinge) metrics.log_loss = sums.plain_loss / n;  // counts every row once
    return metrics;
  }
  double mse = 0.0, mae = 0.0, r2 = 0.0;
  bool varies = true;
  for (const MetricSums::Target& target : sums.targets) {
    mse += target.squares / n;
    mae += target.sizes / n;
    varies = varies && target.spread > 0.0;
    r2 += target.spread > 0.0 ? 1.0 - target.squares / target.spread : 0.0;
  }
  const auto n_targets = static_cast<double>(sums.targets.size());
  metrics.mse = mse / n_targets;
  metrics.rmse = std::sqrt(*metrics.mse);
  metrics.mae = mae / n_targets;
  if (varies) metrics.r2 = r2 / n_targets;
  return metrics;
}

double loss_unit_factor(const ModelSpec& spec, const Dataset& data) noexcept {
  if (spec.is_classifier() || data.target_scale.size() != 1) return 1.0;
  const double scale = data.target_scale[0];
  const bool quadratic = spec.loss.kind == LossKind::kMse || spec.loss.kind == LossKind::kHuber;
  return quadratic ? scale * scale : scale;
}

}  // namespace slalom
