// SPDX-License-Identifier: Apache-2.0
// Gradients of every loss, activation and layer kind agree with central differences in float64.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "cpu/random_problem.hpp"

namespace slalom::testing {
namespace {

constexpr std::int64_t kRows = 9;

/// The batch's loss at the given parameters.
double loss_at(Backend& backend, const std::vector<double>& parameters, const Dataset& data) {
  backend.import_state(0, {.parameters = parameters});
  return run_steps(backend, 0, data, data.n_rows, 1.0, 1).at(0);
}

void check_gradient(const ModelSpec& spec, bool weighted) {
  const Dataset data = random_data(spec, kRows, weighted);
  const auto backend = started_backend(DeviceKind::kReference, spec, data, {.kind = OptimizerKind::kSgd});
  const ParameterLayout layout(spec);
  std::vector<double> start = initial_parameters(spec, 11, 0);
  for (const TensorView& tensor : layout.tensors) {  // away from kinks and symmetric points
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      start[static_cast<std::size_t>(tensor.offset + i)] += 0.1 + 0.013 * static_cast<double>(i % 7);
  }
  loss_at(*backend, start, data);
  const std::vector<double> after = backend->export_state(0).parameters;
  const double h = 1e-6;
  for (const TensorView& tensor : layout.tensors) {
    if (tensor.offset >= layout.n_trainable) continue;
    for (std::int64_t i = 0; i < tensor.size(); ++i) {
      const auto at = static_cast<std::size_t>(tensor.offset + i);
      std::vector<double> moved = start;
      moved[at] = start[at] + h;
      const double up = loss_at(*backend, moved, data);
      moved[at] = start[at] - h;
      const double down = loss_at(*backend, moved, data);
      const double numeric = (up - down) / (2.0 * h);
      const double analytic = start[at] - after[at];
      EXPECT_TRUE(std::fabs(numeric - analytic) <= 1e-6 * (1.0 + std::fabs(numeric)))
          << tensor.name << "[" << i << "]: numeric " << numeric << ", analytic " << analytic << ", loss "
          << name_of(spec.loss.kind) << ", activation " << name_of(spec.activation);
    }
  }
}

ModelSpec network(LossKind loss, Activation activation) {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = 3;
  spec.hidden = {5, 4};
  spec.activation = activation;
  spec.loss.kind = loss;
  spec.loss.quantile = 0.8;
  spec.n_outputs = loss == LossKind::kBce || loss == LossKind::kHinge ? 1 : 3;
  return spec;
}

TEST(Gradient, AgreesWithDifferencesForEveryLossAndActivation) {
  for (const auto& [loss, loss_name] : EnumNames<LossKind>::kNames) {
    for (const auto& [activation, activation_name] : EnumNames<Activation>::kNames)
      check_gradient(network(loss, activation), false);
  }
}

TEST(Gradient, AgreesWithDifferencesWithRowWeights) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) check_gradient(network(loss, Activation::kTanh), true);
}

TEST(Gradient, AgreesWithDifferencesThroughBatchNormalisation) {
  ModelSpec spec = network(LossKind::kMse, Activation::kTanh);
  spec.batch_norm = true;
  check_gradient(spec, false);
}

TEST(Gradient, AgreesWithDifferencesThroughDropout) {
  ModelSpec spec = network(LossKind::kCrossEntropy, Activation::kSilu);
  spec.dropout = 0.4;  // the mask depends on seed, layer and step only: the same at every evaluation
  check_gradient(spec, false);
}

TEST(Gradient, AgreesWithDifferencesWithoutHiddenLayers) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    ModelSpec spec = network(loss, Activation::kRelu);
    spec.hidden.clear();
    spec.kind = loss == LossKind::kCrossEntropy                      ? ModelKind::kSoftmax
                : loss == LossKind::kBce || loss == LossKind::kHinge ? ModelKind::kLogistic
                                                                     : ModelKind::kLinear;
    check_gradient(spec, true);
  }
}

}  // namespace
}  // namespace slalom::testing
