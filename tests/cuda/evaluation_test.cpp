// SPDX-License-Identifier: Apache-2.0
// Metrics computed on the device are the host's: counts exactly, other values but for the order of float64 sums.
#include <cmath>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

// A float64 sum of a thousand terms of one sign is off by at most 1000 * 1.1e-16 of itself in either order, and a
// residual or logarithm by some 4e-16 where the device's function differs from the host's in the last bits.
constexpr double kTolerance = 1e-12;

void expect_equal(const Metrics& actual, const Metrics& expected) {
  EXPECT_EQ(actual.rows, expected.rows);
  EXPECT_EQ(actual.n_classes, expected.n_classes);
  EXPECT_EQ(actual.confusion, expected.confusion);
  EXPECT_EQ(actual.accuracy, expected.accuracy);
  EXPECT_EQ(actual.f1, expected.f1);
  const auto a = actual.items();
  const auto e = expected.items();
  ASSERT_EQ(a.size(), e.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].first, e[i].first);
    EXPECT_TRUE(std::fabs(a[i].second - e[i].second) <= kTolerance * (1e-3 + std::fabs(e[i].second)))
        << a[i].first << ": " << a[i].second << " instead of " << e[i].second;
  }
  EXPECT_TRUE(std::fabs(actual.loss - expected.loss) <= kTolerance * (1e-3 + std::fabs(expected.loss)))
      << "loss: " << actual.loss << " instead of " << expected.loss;
}

bool same_bits(const Metrics& a, const Metrics& b) {
  return a.loss == b.loss && a.items() == b.items() && a.confusion == b.confusion;
}

class EvaluationTest : public DeviceTest {
 protected:
  /// What the host makes of the device's predictions.
  static Metrics on_host(Backend& backend, const Dataset& data, std::span<const std::uint32_t> rows) {
    return backend.Backend::evaluate(0, data, rows);
  }

  static void check(const ModelSpec& spec, const Dataset& train, Dataset data) {
    SCOPED_TRACE(std::string(name_of(spec.loss.kind)) + " outputs " + std::to_string(spec.n_outputs) + " rows " +
                 std::to_string(data.n_rows) + (data.weights.empty() ? "" : " weighted"));
    const auto backend = linear_backend(kBlockKernel, spec, train, OptimizerConfig{.kind = OptimizerKind::kSgd});
    run_steps(*backend, 0, train, 16, 0.05, 1);
    backend->keep(data);
    std::vector<std::uint32_t> some;
    for (std::int64_t i = 0; i < data.n_rows; i += 3) some.push_back(static_cast<std::uint32_t>(data.n_rows - 1 - i));
    for (const std::span<const std::uint32_t> rows :
         {std::span<const std::uint32_t>{}, std::span<const std::uint32_t>(some)}) {
      const Metrics actual = backend->evaluate(0, data, rows);
      expect_equal(actual, on_host(*backend, data, rows));
      EXPECT_TRUE(same_bits(actual, backend->evaluate(0, data, rows)));
    }
    EXPECT_TRUE(same_bits(backend->evaluate(0, train, {}), backend->evaluate(0, train, {})));
    expect_equal(backend->evaluate(0, train, {}), on_host(*backend, train, {}));
  }
};

TEST_F(EvaluationTest, EqualsTheHostForEveryLossAndSize) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    for (const std::int64_t outputs : {1, 2, 3, 10}) {
      const bool one_output = loss == LossKind::kBce || loss == LossKind::kHinge;
      if (one_output ? outputs > 1 : loss == LossKind::kCrossEntropy && outputs == 1) continue;
      const ModelSpec spec = linear_spec(loss, 4, outputs);
      const Dataset train = random_data(spec, 60, true);
      for (const std::int64_t n : {1, 2, 31, 1000}) check(spec, train, random_data(spec, n, n == 31));
    }
  }
}

TEST_F(EvaluationTest, UsesTheTargetsOwnUnits) {
  const ModelSpec spec = linear_spec(LossKind::kHuber, 3, 1);
  const Dataset train = random_data(spec, 60);
  Dataset data = random_data(spec, 100);
  data.target_offset = {1000.0};
  data.target_scale = {25.0};
  check(spec, train, data);
}

TEST_F(EvaluationTest, ManyTiesCountHalf) {
  const ModelSpec spec = linear_spec(LossKind::kBce, 2, 1);
  Dataset data = random_data(spec, 500);
  for (float& x : data.features) x = std::round(x);  // a few dozen different rows
  check(spec, data, data);
}

TEST_F(EvaluationTest, LeavesOutWhatDoesNotApply) {
  const ModelSpec two_classes = linear_spec(LossKind::kBce, 2, 1);
  Dataset one_class = random_data(two_classes, 20);
  std::fill(one_class.targets.begin(), one_class.targets.end(), 1.0F);
  check(two_classes, one_class, one_class);
  const auto backend = linear_backend(kBlockKernel, two_classes, one_class, OptimizerConfig{});
  EXPECT_FALSE(backend->evaluate(0, one_class, {}).auc.has_value());

  const ModelSpec regression = linear_spec(LossKind::kMse, 2, 1);
  Dataset constant = random_data(regression, 20);
  std::fill(constant.targets.begin(), constant.targets.end(), 2.0F);
  check(regression, constant, constant);
  const auto other = linear_backend(kBlockKernel, regression, constant, OptimizerConfig{});
  EXPECT_FALSE(other->evaluate(0, constant, {}).r2.has_value());
}

TEST_F(EvaluationTest, ScoresThatAreNotNumbersHaveNoArea) {
  const ModelSpec spec = linear_spec(LossKind::kBce, 2, 1);
  const Dataset data = random_data(spec, 50);
  const auto backend = linear_backend(kBlockKernel, spec, data, OptimizerConfig{});
  std::vector<double> parameters = backend->export_state(0).parameters;
  parameters[0] = std::nan("");
  backend->import_state(0, {.parameters = parameters});
  EXPECT_FALSE(backend->evaluate(0, data, {}).auc.has_value());
}

}  // namespace
}  // namespace slalom::testing
