// SPDX-License-Identifier: Apache-2.0
// Metrics against values worked out by hand.
#include <slalom/metrics.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "train/class_metrics.hpp"

namespace slalom {
namespace {

constexpr double kRounding = 1e-12;  ///< sums of a handful of float64 values near 1

Dataset with_targets(const std::vector<float>& targets, std::int64_t n_targets = 1) {
  Dataset data;
  data.n_targets = n_targets;
  data.n_rows = static_cast<std::int64_t>(targets.size()) / n_targets;
  data.targets.assign(targets.begin(), targets.end());
  return data;
}

ModelSpec spec_of(LossKind loss, std::int64_t n_outputs = 1) {
  ModelSpec spec;
  spec.n_outputs = n_outputs;
  spec.loss.kind = loss;
  return spec;
}

TEST(RegressionMetrics, UseTheTargetsOwnUnits) {
  Dataset data = with_targets({0.0F, 1.0F, 2.0F});
  data.target_offset = {10.0};
  data.target_scale = {3.0};                           // originals 10, 13, 16
  const std::vector<float> outputs{1.0F, 1.0F, 0.0F};  // residuals 3, 0, -6
  const Metrics m = compute_metrics(spec_of(LossKind::kMse), data, {}, outputs);
  EXPECT_EQ(m.rows, 3);
  EXPECT_NEAR(m.mse.value(), 15.0, kRounding);
  EXPECT_NEAR(m.rmse.value(), std::sqrt(15.0), kRounding);
  EXPECT_NEAR(m.mae.value(), 3.0, kRounding);
  EXPECT_NEAR(m.r2.value(), 1.0 - 45.0 / 18.0, kRounding);
  EXPECT_NEAR(m.loss, 15.0, kRounding);
  EXPECT_FALSE(m.accuracy.has_value());
}

TEST(RegressionMetrics, LeaveOutR2OfAConstantTarget) {
  const Metrics m =
      compute_metrics(spec_of(LossKind::kMse), with_targets({2.0F, 2.0F}), {}, std::vector<float>{2.0F, 3.0F});
  EXPECT_FALSE(m.r2.has_value());
  EXPECT_NEAR(m.mse.value(), 0.5, kRounding);
}

TEST(RegressionMetrics, AverageR2OverTargets) {
  const Dataset data = with_targets({0.0F, 0.0F, 2.0F, 4.0F}, 2);
  const std::vector<float> outputs{0.0F, 2.0F, 2.0F, 2.0F};  // first target exact (r2 1), second its mean (r2 0)
  const Metrics m = compute_metrics(spec_of(LossKind::kMse, 2), data, {}, outputs);
  EXPECT_NEAR(m.r2.value(), 0.5, kRounding);
  EXPECT_NEAR(m.mse.value(), 2.0, kRounding);
}

TEST(RegressionMetrics, TakeOnlyTheGivenRows) {
  const std::vector<std::uint32_t> rows{2, 0};
  const Metrics m = compute_metrics(spec_of(LossKind::kMae), with_targets({1.0F, 100.0F, 3.0F}), rows,
                                    std::vector<float>{3.0F, 2.0F});
  EXPECT_EQ(m.rows, 2);
  EXPECT_NEAR(m.mae.value(), 0.5, kRounding);
}

TEST(RegressionMetrics, WeightsEnterTheLossOnly) {
  Dataset data = with_targets({0.0F, 0.0F});
  data.weights = {0.5F, 1.5F};
  const Metrics m = compute_metrics(spec_of(LossKind::kMse), data, {}, std::vector<float>{2.0F, 0.0F});
  EXPECT_NEAR(m.loss, 1.0, kRounding);
  EXPECT_NEAR(m.mse.value(), 2.0, kRounding);
}

TEST(LossUnitFactor, IsTheScaleForAbsoluteAndItsSquareForQuadraticLosses) {
  Dataset data = with_targets({0.0F});
  data.target_scale = {3.0};
  EXPECT_EQ(loss_unit_factor(spec_of(LossKind::kMse), data), 9.0);
  EXPECT_EQ(loss_unit_factor(spec_of(LossKind::kHuber), data), 9.0);
  EXPECT_EQ(loss_unit_factor(spec_of(LossKind::kMae), data), 3.0);
  EXPECT_EQ(loss_unit_factor(spec_of(LossKind::kQuantile), data), 3.0);
  EXPECT_EQ(loss_unit_factor(spec_of(LossKind::kBce), data), 1.0);
  data.target_scale = {3.0, 4.0};
  EXPECT_EQ(loss_unit_factor(spec_of(LossKind::kMse, 2), data), 1.0);
}

TEST(BinaryMetrics, MatchHandComputedValues) {
  const Dataset data = with_targets({0.0F, 0.0F, 1.0F, 1.0F, 1.0F});
  const std::vector<float> outputs{-1.0F, 1.0F, 1.0F, 2.0F, -2.0F};
  const Metrics m = compute_metrics(spec_of(LossKind::kBce), data, {}, outputs);
  EXPECT_EQ(m.confusion, (std::vector<std::int64_t>{1, 1, 1, 2}));
  EXPECT_NEAR(m.accuracy.value(), 0.6, kRounding);
  EXPECT_NEAR(m.f1.value(), 2.0 / 3.0, kRounding);
  EXPECT_NEAR(m.auc.value(), 3.5 / 6.0, kRounding);  // of 6 pairs: 3 right, 1 tied
  const auto softplus = [](double z) { return std::log1p(std::exp(z)); };
  EXPECT_NEAR(m.log_loss.value(),
              (softplus(-1.0) + softplus(1.0) + softplus(-1.0) + softplus(-2.0) + softplus(2.0)) / 5.0, kRounding);
}

TEST(BinaryMetrics, HingeHasNoLogLoss) {
  const Metrics m =
      compute_metrics(spec_of(LossKind::kHinge), with_targets({0.0F, 1.0F}), {}, std::vector<float>{-2.0F, 0.5F});
  EXPECT_FALSE(m.log_loss.has_value());
  EXPECT_NEAR(m.accuracy.value(), 1.0, kRounding);
  EXPECT_NEAR(m.auc.value(), 1.0, kRounding);
  EXPECT_NEAR(m.loss, 0.25, kRounding);
}

TEST(BinaryMetrics, LeaveOutAucOfOneClass) {
  const Metrics m =
      compute_metrics(spec_of(LossKind::kBce), with_targets({1.0F, 1.0F}), {}, std::vector<float>{1.0F, 2.0F});
  EXPECT_FALSE(m.auc.has_value());
}

TEST(AreaUnderRoc, CountsTiesHalf) {
  EXPECT_NEAR(training::area_under_roc({0.5, 0.5, 0.5, 0.5}, {0, 1, 0, 1}, 1).value(), 0.5, kRounding);
  // The example of scikit-learn's roc_auc_score.
  EXPECT_NEAR(training::area_under_roc({0.1, 0.4, 0.35, 0.8}, {0, 0, 1, 1}, 1).value(), 0.75, kRounding);
}

TEST(AreaUnderRoc, IsLeftOutWhereAScoreIsNotANumber) {
  EXPECT_EQ(training::area_under_roc({0.1, std::nan(""), 0.4}, {0, 1, 1}, 1), std::nullopt);
}

TEST(MultiClassMetrics, AverageOverClasses) {
  Dataset data;
  data.n_rows = 4;
  data.labels = {0, 1, 2, 2};
  const std::vector<float> outputs{9.0F, 0.0F, 0.0F, 0.0F, 9.0F, 0.0F, 0.0F, 0.0F, 9.0F, 0.0F, 9.0F, 0.0F};
  const Metrics m = compute_metrics(spec_of(LossKind::kCrossEntropy, 3), data, {}, outputs);
  EXPECT_NEAR(m.accuracy.value(), 0.75, kRounding);
  EXPECT_NEAR(m.f1.value(), (1.0 + 2.0 / 3.0 + 2.0 / 3.0) / 3.0, kRounding);
  EXPECT_EQ(m.confusion, (std::vector<std::int64_t>{1, 0, 0, 0, 1, 0, 0, 1, 1}));
  // One-versus-rest: class 0 separates, class 1 ties with one of three, class 2 ties one of its two rows with both
  // others.
  EXPECT_NEAR(m.auc.value(), (1.0 + 2.5 / 3.0 + 3.0 / 4.0) / 3.0, kRounding);
  const double right = std::log(1.0 + 2.0 * std::exp(-9.0));
  EXPECT_NEAR(m.log_loss.value(), (4.0 * right + 9.0) / 4.0, kRounding);
}

TEST(Metrics, ItemsListWhatAppliesInOrder) {
  Metrics m;
  m.f1 = 0.5;
  m.log_loss = 0.25;
  const std::vector<std::pair<std::string, double>> expected{{"log_loss", 0.25}, {"f1", 0.5}};
  EXPECT_EQ(m.items(), expected);
}

}  // namespace
}  // namespace slalom
