// SPDX-License-Identifier: Apache-2.0
// The gradient noise scale on problems where it is known.
#include <vector>

#include <gtest/gtest.h>

#include <slalom/model.hpp>
#include <slalom/tune.hpp>

#include "core/philox.hpp"
#include "tune/line_problem.hpp"
#include "tune/noise_scale.hpp"

namespace slalom {
namespace {

using testing::line;
using testing::normal;

/// One feature that is always 0, targets with mean 1: only the bias b learns, and a row's gradient is 2 (b - y).
Dataset noisy_constant(std::int64_t n_rows, double deviation) {
  core::PhiloxStream random(11, 0, core::RandomUse::kSynthetic, 0);
  Dataset data;
  data.n_rows = n_rows;
  data.n_features = data.n_targets = 1;
  data.features.assign(static_cast<std::size_t>(n_rows), 0.0F);
  for (std::int64_t i = 0; i < n_rows; ++i)
    data.targets.push_back(static_cast<float>(1.0 + deviation * normal(random)));
  return data;
}

std::vector<double> zeros() { return std::vector<double>(static_cast<std::size_t>(ParameterLayout(line()).n_total)); }

TEST(NoiseScale, SolvesTheTwoEquations) {
  // |G|^2 = 4, tr(Sigma) = 60: E|G_B|^2 = 4 + 60 / B.
  const NoiseEstimate estimate = noise_from_norms(10.0, 4.0 + 6.0, 100.0, 4.0 + 0.6);
  EXPECT_NEAR(estimate.gradient_squared, 4.0, 1e-12);
  EXPECT_NEAR(estimate.noise_trace, 60.0, 1e-11);
  ASSERT_TRUE(estimate.scale.has_value());
  EXPECT_NEAR(*estimate.scale, 15.0, 1e-11);
}

TEST(NoiseScale, IsUnsetWhereNoiseDrownsTheGradient) {
  const NoiseEstimate estimate = noise_from_norms(1.0, 64.0, 64.0, 0.5);
  EXPECT_LT(estimate.gradient_squared, 0.0);
  EXPECT_FALSE(estimate.scale.has_value());
}

TEST(NoiseScale, OfANoisyConstantIsItsVarianceOverTheSquaredDistance) {
  // At b = 0: G = -2, Sigma = 4 sigma^2, so B = sigma^2. 32768 of 40000 rows are used; over seeds the relative error of
  // the estimate is about sqrt(2 / 64) from tr(Sigma), 4 sigmas are 0.7.
  const Dataset data = noisy_constant(40000, 3.0);
  for (const DeviceKind device : {DeviceKind::kReference, DeviceKind::kCpu}) {
    double mean = 0.0;
    for (std::uint64_t seed = 1; seed <= 16; ++seed) {
      const auto estimate = measure_noise(line(), data, zeros(), device, {.threads = 2}, seed, 0);
      ASSERT_TRUE(estimate && estimate->scale);
      EXPECT_NEAR(estimate->gradient_squared, 4.0, 1.0);
      mean += *estimate->scale / 16.0;
    }
    EXPECT_NEAR(mean, 9.0, 9.0 * 0.7 / 4.0);
  }
}

TEST(NoiseScale, IsZeroWithoutNoise) {
  const auto estimate =
      measure_noise(line(), noisy_constant(1000, 0.0), zeros(), DeviceKind::kCpu, {.threads = 1}, 1, 0);
  ASSERT_TRUE(estimate && estimate->scale);
  EXPECT_NEAR(*estimate->scale, 0.0, 1e-6);
  EXPECT_NEAR(estimate->gradient_squared, 4.0, 1e-5);
}

TEST(NoiseScale, IsBeyondMeasureAtTheOptimum) {
  const Dataset data = noisy_constant(32768, 1.0);
  double mean = 0.0;
  for (const float y : data.targets) mean += static_cast<double>(y) / static_cast<double>(data.n_rows);
  std::vector<double> parameters = zeros();
  parameters[static_cast<std::size_t>(ParameterLayout(line()).layers[0].bias)] = mean;  // all rows are the big batch
  const auto estimate = measure_noise(line(), data, parameters, DeviceKind::kCpu, {.threads = 1}, 1, 0);
  ASSERT_TRUE(estimate.has_value());
  EXPECT_FALSE(estimate->scale.has_value());
}

TEST(NoiseScale, DependsOnTheSeedOnly) {
  const Dataset data = noisy_constant(5000, 1.0);
  const auto first = measure_noise(line(), data, zeros(), DeviceKind::kCpu, {.threads = 1}, 3, 0);
  const auto second = measure_noise(line(), data, zeros(), DeviceKind::kCpu, {.threads = 2}, 3, 0);
  const auto other = measure_noise(line(), data, zeros(), DeviceKind::kCpu, {.threads = 2}, 4, 0);
  ASSERT_TRUE(first && second && other);
  EXPECT_EQ(first->noise_trace, second->noise_trace);
  EXPECT_EQ(first->gradient_squared, second->gradient_squared);
  EXPECT_NE(first->noise_trace, other->noise_trace);
}

TEST(NoiseScale, NeedsFourRows) {
  EXPECT_FALSE(
      measure_noise(line(), noisy_constant(3, 1.0), zeros(), DeviceKind::kCpu, {.threads = 1}, 1, 0).has_value());
  EXPECT_TRUE(
      measure_noise(line(), noisy_constant(4, 1.0), zeros(), DeviceKind::kCpu, {.threads = 1}, 1, 0).has_value());
}

TEST(NoiseBatches, UseAtMostTheRowsThereAre) {
  for (const std::int64_t n : {1, 4, 63, 64, 65, 100, 127, 128, 1000, 16512, 1000000}) {
    const tuning::NoiseBatches batches = tuning::noise_batches(n);
    EXPECT_GE(batches.rows, 1) << n;
    EXPECT_LE(batches.rows, 512) << n;
    EXPECT_LE(batches.rows * batches.count, n) << n;
    EXPECT_LE(batches.count, 64) << n;
  }
}

}  // namespace
}  // namespace slalom
