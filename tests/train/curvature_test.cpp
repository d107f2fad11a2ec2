// SPDX-License-Identifier: Apache-2.0
// The curvature of losses, and the learning rates that it allows.
#include "train/curvature.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include <slalom/model.hpp>

#include "train/guarded_problem.hpp"

namespace slalom::training {
namespace {

Dataset data_of(float unit) { return testing::plane_data(200, unit); }

ModelSpec linear_spec(LossKind loss, std::int64_t n_outputs = 1) {
  ModelSpec spec{.n_features = 2, .n_outputs = n_outputs};
  spec.loss.kind = loss;
  return spec;
}

/// Largest distance from 0 of the parameters after `steps` of gradient descent on all rows.
double size_after(const ModelSpec& spec, const Dataset& data, const OptimizerConfig& optimizer, double rate,
                  std::int64_t steps) {
  const MemberConfig member{.optimizer = optimizer};
  const auto backend = make_backend(DeviceKind::kReference, spec, data, {&member, 1});
  backend->import_state(0, {.parameters = initial_parameters(spec, 1, 0)});
  const std::vector<std::uint32_t> rows = spaced_rows(data.n_rows, data.n_rows);
  const std::vector<double> rates(static_cast<std::size_t>(steps), rate);
  std::vector<std::uint32_t> order;
  for (std::int64_t s = 0; s < steps; ++s) order.insert(order.end(), rows.begin(), rows.end());
  const StepBlock block{.rows = order, .batch_size = data.n_rows, .learning_rates = rates};
  (void)backend->run({&block, 1});
  double largest = 0.0;
  for (const double p : backend->export_state(0).parameters) largest = std::max(largest, std::fabs(p));
  return largest;
}

class StableRate : public ::testing::TestWithParam<OptimizerConfig> {};

TEST_P(StableRate, SeparatesWhatConvergesFromWhatDiverges) {
  const Dataset data = data_of(5.0F);
  const ModelSpec spec = linear_spec(LossKind::kMse);
  const auto curvature = curvature_at(spec, data, initial_parameters(spec, 1, 0));
  ASSERT_TRUE(curvature);
  EXPECT_TRUE(curvature->everywhere);
  const auto limit = largest_stable_rate(GetParam(), curvature->largest);
  ASSERT_TRUE(limit);
  EXPECT_LT(size_after(spec, data, GetParam(), 0.97 * *limit, 2000), 10.0);
  EXPECT_GT(size_after(spec, data, GetParam(), 1.03 * *limit, 2000), 1e6);
}

INSTANTIATE_TEST_SUITE_P(Optimizers, StableRate,
                         ::testing::Values(OptimizerConfig{.kind = OptimizerKind::kSgd},
                                           OptimizerConfig{.kind = OptimizerKind::kMomentum},
                                           OptimizerConfig{.kind = OptimizerKind::kMomentum, .momentum = 0.5},
                                           OptimizerConfig{.kind = OptimizerKind::kNesterov},
                                           OptimizerConfig{.kind = OptimizerKind::kNesterov, .momentum = 0.99}));

TEST(LargestStableRate, IsUnknownForOptimisersThatScaleTheirSteps) {
  for (const OptimizerKind kind : {OptimizerKind::kAdam, OptimizerKind::kRmsprop, OptimizerKind::kLion}) {
    EXPECT_FALSE(largest_stable_rate({.kind = kind}, 1.0));
  }
  EXPECT_FALSE(largest_stable_rate({.kind = OptimizerKind::kMomentum, .dampening = 0.5}, 1.0));
}

TEST(Curvature, CountsWeightsAndOutputs) {
  Dataset data = data_of(5.0F);
  const ModelSpec one = linear_spec(LossKind::kMse);
  const double plain = curvature_at(one, data, {})->largest;
  data.weights.assign(static_cast<std::size_t>(data.n_rows), 3.0F);
  EXPECT_NEAR(curvature_at(one, data, {})->largest, 3.0 * plain, 1e-3 * plain);
  data.weights.clear();
  EXPECT_NEAR(curvature_at(linear_spec(LossKind::kMse, 4), data, {})->largest, plain / 4.0, 1e-3 * plain);
  EXPECT_NEAR(curvature_at(linear_spec(LossKind::kHuber), data, {})->largest, plain / 2.0, 1e-3 * plain);
}

TEST(Curvature, HasNoneWhereTheLossIsMadeOfStraightPieces) {
  for (const LossKind loss : {LossKind::kMae, LossKind::kQuantile, LossKind::kHinge}) {
    EXPECT_FALSE(curvature_at(linear_spec(loss), data_of(1.0F), {}));
  }
}

/// Entries of the Hessian at `parameters`, by differences of gradients.
std::vector<std::vector<double>> hessian(const ModelSpec& spec, const Dataset& data, std::vector<double> parameters) {
  GradientProbe probe(spec, data, spaced_rows(data.n_rows, data.n_rows));
  constexpr double kStep = 1e-5;
  std::vector<std::vector<double>> rows;
  for (std::int64_t i = 0; i < ParameterLayout(spec).n_trainable; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const double middle = parameters[at];
    parameters[at] = middle + kStep;
    std::vector<double> row = probe.at(parameters).value();
    parameters[at] = middle - kStep;
    const std::vector<double> below = probe.at(parameters).value();
    parameters[at] = middle;
    for (std::size_t k = 0; k < row.size(); ++k) row[k] = (row[k] - below[k]) / (2.0 * kStep);
    rows.push_back(std::move(row));
  }
  return rows;
}

TEST(Curvature, OfALogisticModelIsReachedAtTheStartAndBoundsTheRest) {
  Dataset data = data_of(3.0F);
  for (float& target : data.targets) target = target > 0.0F ? 1.0F : 0.0F;
  ModelSpec spec = linear_spec(LossKind::kBce);
  spec.kind = ModelKind::kLogistic;
  const double bound = curvature_at(spec, data, {})->largest;
  const auto most = [&](const std::vector<double>& parameters) {  // of the trace: the sum of the eigenvalues
    const auto h = hessian(spec, data, parameters);
    double trace = 0.0;
    for (std::size_t i = 0; i < h.size(); ++i) trace += h[i][i];
    return trace;
  };
  const std::vector<double> zeros = initial_parameters(spec, 1, 0);
  EXPECT_LT(bound, most(zeros));
  EXPECT_GT(bound, 0.6 * most(zeros));  // one direction is steeper than the others together
  std::vector<double> far = zeros;
  far[0] = 2.0;
  EXPECT_LT(most(far), bound);
}

TEST(Curvature, OfANetworkLiesBetweenBoundsOfItsHessian) {
  const Dataset data = data_of(2.0F);
  ModelSpec spec = linear_spec(LossKind::kMse);
  spec.kind = ModelKind::kMlp;
  spec.hidden = {3};
  spec.activation = Activation::kTanh;
  const std::vector<double> parameters = initial_parameters(spec, 4, 0);
  const auto h = hessian(spec, data, parameters);
  double diagonal = 0.0, squares = 0.0;
  for (std::size_t i = 0; i < h.size(); ++i) {
    diagonal = std::max(diagonal, h[i][i]);
    for (const double value : h[i]) squares += value * value;
  }
  const auto curvature = curvature_at(spec, data, parameters);
  ASSERT_TRUE(curvature);
  EXPECT_FALSE(curvature->everywhere);
  EXPECT_GE(curvature->largest, 0.99 * diagonal);
  EXPECT_LE(curvature->largest, 1.001 * std::sqrt(squares));
}

TEST(SpacedRows, CoverAllRowsOrEvenSteps) {
  EXPECT_EQ(spaced_rows(3, 10), (std::vector<std::uint32_t>{0, 1, 2}));
  EXPECT_EQ(spaced_rows(10, 4), (std::vector<std::uint32_t>{0, 2, 5, 7}));
}

}  // namespace
}  // namespace slalom::training
