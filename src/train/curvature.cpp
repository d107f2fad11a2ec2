// SPDX-License-Identifier: Apache-2.0
// Power iterations on Hessians.
#include "train/curvature.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <slalom/model.hpp>

namespace slalom::training {
namespace {

constexpr std::int64_t kMostRows = 4096;
constexpr std::int64_t kMostNetworkWork = std::int64_t{1} << 22;  ///< rows x parameters of a gradient
constexpr int kMostIterations = 100;
constexpr double kCloseEnough = 1e-3;  ///< relative change of the eigenvalue

double norm_of(const std::vector<double>& values) {
  double sum = 0.0;
  for (const double value : values) sum += value * value;
  return std::sqrt(sum);
}

/// The eigenvalue of largest size of the symmetric map `apply`: [n] -> [n]; 0 if something is not finite.
template <class Apply>
double largest_eigenvalue(std::size_t n, Apply&& apply) {
  std::vector<double> v(n);
  for (std::size_t i = 0; i < n; ++i)
    v[i] = 1.0 + 0.5 * std::sin(static_cast<double>(i + 1));  // any but a symmetric one
  double eigenvalue = 0.0;
  for (int i = 0; i < kMostIterations; ++i) {
    const double size = norm_of(v);
    if (!(size > 0.0 && std::isfinite(size))) return 0.0;
    for (double& value : v) value /= size;
    std::vector<double> next = apply(v);
    double quotient = 0.0;
    for (std::size_t k = 0; k < n; ++k) quotient += v[k] * next[k];
    const bool settled = std::fabs(quotient - eigenvalue) <= kCloseEnough * std::fabs(quotient);
    eigenvalue = quotient;
    if (settled && i > 2) break;
    v = std::move(next);
  }
  return std::isfinite(eigenvalue) ? eigenvalue : 0.0;
}

/// Curvature of the loss of one output in its prediction, at most; 0 if it has none.
double loss_curvature(const ModelSpec& spec) {
  const auto outputs = static_cast<double>(spec.n_outputs);
  switch (spec.loss.kind) {
    case LossKind::kMse: return 2.0 / outputs;
    case LossKind::kHuber: return 1.0 / outputs;
    case LossKind::kBce: return 0.25;
    case LossKind::kCrossEntropy: return 0.5;
    case LossKind::kMae:
    case LossKind::kQuantile:
    case LossKind::kHinge: break;
  }
  return 0.0;
}

/// Largest eigenvalue of X^T W X / N with a column of ones.
double gram_eigenvalue(const Dataset& data) {
  const std::vector<std::uint32_t> rows = spaced_rows(data.n_rows, kMostRows);
  const auto d = static_cast<std::size_t>(data.n_features);
  return largest_eigenvalue(d + 1, [&](const std::vector<double>& v) {
    std::vector<double> product(d + 1, 0.0);
    for (const std::uint32_t r : rows) {
      const float* x = data.view().row(r);
      double dot = v[d];
      for (std::size_t k = 0; k < d; ++k) dot += static_cast<double>(x[k]) * v[k];
      dot *= (data.weights.empty() ? 1.0 : static_cast<double>(data.weights[r])) / static_cast<double>(rows.size());
      for (std::size_t k = 0; k < d; ++k) product[k] += static_cast<double>(x[k]) * dot;
      product[d] += dot;
    }
    return product;
  });
}

/// Of the Hessian at `parameters`, by central differences of gradients.
double network_eigenvalue(const ModelSpec& spec, const Dataset& data, const std::vector<double>& parameters) {
  const ParameterLayout layout(spec);
  const std::int64_t most = std::clamp<std::int64_t>(kMostNetworkWork / layout.n_trainable, 16, kMostRows);
  GradientProbe probe(spec, data, spaced_rows(data.n_rows, most));
  const double step = 1e-5 * std::max(1.0, norm_of(parameters));
  const auto n = static_cast<std::size_t>(layout.n_trainable);
  return largest_eigenvalue(n, [&](const std::vector<double>& v) {
    std::vector<double> up = parameters, down = parameters;
    for (std::size_t i = 0; i < n; ++i) {
      up[i] += step * v[i];
      down[i] -= step * v[i];
    }
    const auto above = probe.at(up), below = probe.at(down);
    std::vector<double> product(n, 0.0);
    if (!above || !below) return product;
    for (std::size_t i = 0; i < n; ++i) product[i] = ((*above)[i] - (*below)[i]) / (2.0 * step);
    return product;
  });
}

}  // namespace

std::vector<std::uint32_t> spaced_rows(std::int64_t n_rows, std::int64_t most) {
  const std::int64_t n = std::min(n_rows, most);
  std::vector<std::uint32_t> rows(static_cast<std::size_t>(n));
  for (std::int64_t i = 0; i < n; ++i) rows[static_cast<std::size_t>(i)] = static_cast<std::uint32_t>(i * n_rows / n);
  return rows;
}

GradientProbe::GradientProbe(ModelSpec spec, const Dataset& data, std::vector<std::uint32_t> rows)
    : rows_(std::move(rows)) {
  spec.dropout = 0.0;
  // A step of momentum 0 at rate 0 leaves the parameters alone and the gradient in the optimiser's state.
  MemberConfig probe{.optimizer = {.kind = OptimizerKind::kMomentum}};
  probe.optimizer.momentum = 0.0;
  backend_ = make_backend(DeviceKind::kReference, spec, data, {&probe, 1}, {.threads = 1});
}

GradientProbe::~GradientProbe() = default;

std::optional<std::vector<double>> GradientProbe::at(const std::vector<double>& parameters) {
  const double no_rate = 0.0;
  const StepBlock block{
      .rows = rows_, .batch_size = static_cast<std::int64_t>(rows_.size()), .learning_rates = {&no_rate, 1}};
  backend_->import_state(0, {.parameters = parameters});
  if (backend_->run({&block, 1}).at(0).first_non_finite >= 0) return std::nullopt;
  return backend_->export_state(0).optimizer_state;
}

std::optional<Curvature> curvature_at(const ModelSpec& spec, const Dataset& data,
                                      const std::vector<double>& parameters) {
  if (loss_curvature(spec) == 0.0 || data.n_rows == 0) return std::nullopt;
  const double largest =
      spec.is_linear() ? loss_curvature(spec) * gram_eigenvalue(data) : network_eigenvalue(spec, data, parameters);
  if (!(largest > 0.0)) return std::nullopt;
  return Curvature{.largest = largest, .everywhere = spec.is_linear()};
}

std::optional<double> largest_stable_rate(const OptimizerConfig& optimizer, double curvature) {
  const double momentum = optimizer.momentum.value_or(0.9);
  switch (optimizer.kind) {
    case OptimizerKind::kSgd:
    case OptimizerKind::kAveragedSgd: return 2.0 / curvature;
    case OptimizerKind::kMomentum:
      if (optimizer.dampening != 0.0) return std::nullopt;
      return 2.0 * (1.0 + momentum) / curvature;
    case OptimizerKind::kNesterov: return 2.0 * (1.0 + momentum) / ((1.0 + 2.0 * momentum) * curvature);
    default: return std::nullopt;
  }
}

}  // namespace slalom::training
