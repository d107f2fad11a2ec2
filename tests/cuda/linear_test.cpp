// SPDX-License-Identifier: Apache-2.0
// Linear models on the device follow the float64 reference, step by step, with every kernel.
#include <cmath>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

/// What is trained and how.
struct Case {
  ModelSpec spec;
  OptimizerConfig optimizer{.kind = OptimizerKind::kMomentum};
  std::int64_t n = 50, batch = 8, epochs = 2;
  double rate = 0.001;
  bool weighted = true;
};

std::string describe(const Kernel& kernel, const Case& c) {
  return std::string(kernel.name) + " " + std::string(name_of(c.spec.loss.kind)) + " d " +
         std::to_string(c.spec.n_features) + " outputs " + std::to_string(c.spec.n_outputs) + " n " +
         std::to_string(c.n) + " batch " + std::to_string(c.batch) + " " + std::string(name_of(c.optimizer.kind)) +
         " " + std::string(name_of(c.optimizer.convention));
}

/// Both do sums of up to d and batch float32 or float64 terms of size about 1; 1e-4 leaves room for the growth of that
/// difference over the steps.
void expect_near(double actual, double expected, const std::string& what) {
  ASSERT_TRUE(std::fabs(actual - expected) <= 1e-4 * (0.1 + std::fabs(expected)))
      << what << ": " << actual << " instead of " << expected;
}

void expect_follows_reference(const Kernel& kernel, const Case& c) {
  SCOPED_TRACE(describe(kernel, c));
  const Dataset data = random_data(c.spec, c.n, c.weighted);
  const auto reference = started_backend(DeviceKind::kReference, c.spec, data, c.optimizer);
  const auto device = linear_backend(kernel, c.spec, data, c.optimizer);
  const auto expected = run_steps(*reference, 0, data, c.batch, c.rate, c.epochs);
  const auto actual = run_steps(*device, 0, data, c.batch, c.rate, c.epochs);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t s = 0; s < expected.size(); ++s) expect_near(actual[s], expected[s], "step " + std::to_string(s));
  const std::vector<double> expected_parameters = reference->export_state(0).parameters;
  const std::vector<double> actual_parameters = device->export_state(0).parameters;
  for (std::size_t i = 0; i < expected_parameters.size(); ++i) {
    expect_near(actual_parameters[i], expected_parameters[i], "parameter " + std::to_string(i));
  }
}

class LinearKernels : public DeviceTest {};

constexpr Kernel kKernels[] = {kBlockKernel, kGridKernel, kTilesKernel};

TEST_F(LinearKernels, FollowTheReferenceOverShapes) {
  for (const std::int64_t d : {1, 2, 3, 5, 8, 17, 31, 33, 64, 100, 257, 1001}) {
    for (const auto& [n, batch] : {std::pair{1, 4}, {7, 1}, {50, 8}, {65, 32}, {40, 100}}) {
      for (const Kernel& kernel : kKernels) {
        expect_follows_reference(kernel, {.spec = linear_spec(LossKind::kMse, d, 1), .n = n, .batch = batch});
      }
    }
  }
}

TEST_F(LinearKernels, FollowTheReferenceForEveryLoss) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    for (const std::int64_t outputs : {1, 2, 3, 4, 5, 10, 16}) {
      for (const std::int64_t d : {1, 2, 4, 13, 33, 100}) {
        const bool classes = loss == LossKind::kCrossEntropy;
        if (classes && outputs == 1) continue;
        for (const bool weighted : {false, true}) {
          expect_follows_reference(
              kBlockKernel,
              {.spec = linear_spec(loss, d, outputs), .n = 37, .batch = 16, .rate = 0.01, .weighted = weighted});
        }
      }
    }
  }
}

TEST_F(LinearKernels, FollowTheReferenceForEveryOptimizer) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      OptimizerConfig optimizer{.kind = kind, .convention = convention};
      optimizer.l2 = 0.01;
      if (kind != OptimizerKind::kLion) optimizer.l1 = 0.001;
      for (const double clip : {0.0, 0.5}) {
        optimizer.clip_norm = clip;
        optimizer.clip_value = 0.3 * clip;
        for (const std::int64_t outputs : {1, 3}) {
          for (const std::int64_t d : {7, 70}) {
            expect_follows_reference(kBlockKernel,
                                     {.spec = linear_spec(LossKind::kMse, d, outputs), .optimizer = optimizer});
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace slalom::testing
