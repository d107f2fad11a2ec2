// SPDX-License-Identifier: Apache-2.0
// Three epochs on real data: every step's loss is the CPU's.
#include <algorithm>
#include <cmath>
#include <string>

#include <slalom/preprocess.hpp>

#include "cuda/device_test.hpp"
#include "cuda/graph_backend.hpp"
#include "cuda/linear_problem.hpp"
#include "support/shared_data.hpp"

namespace slalom::testing {
namespace {

constexpr double kTolerance = 1e-4;  ///< relative

/// A data set of the reference data, all rows.
struct RealData {
  const char* file;
  const char* target;
  bool has_header = true;
};
constexpr RealData kHousing{"california_housing.csv", "median_house_value"};
constexpr RealData kBreastCancer{"breast_cancer.csv", "-1", false};
constexpr RealData kDigits{"digits.csv.gz", "-1", false};

Dataset load(const RealData& from, LossKind loss, std::int64_t& n_classes) {
  const bool classify = loss == LossKind::kBce || loss == LossKind::kCrossEntropy;
  const Table table = read_table((shared_dir() / "data" / from.file).string(), {.has_header = from.has_header});
  Notes notes;
  const Preprocessing fitted = fit_preprocessing(table, {}, classify, {.targets = {from.target}}, notes);
  n_classes = static_cast<std::int64_t>(fitted.classes.size());
  return apply_preprocessing(fitted, table, {}, Purpose::kTrain, loss == LossKind::kCrossEntropy, notes);
}

class TrajectoryTest : public DeviceTest {
 protected:
  void SetUp() override {
    DeviceTest::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "no reference data beside the source tree";
  }

  /// Trains with Adam on the CPU, and on the device with the engine that the library chooses, and with graphs if
  /// `graphs`.
  static void expect_cpu_losses(const RealData& from, LossKind loss, std::vector<std::int64_t> hidden,
                                std::int64_t batch, bool graphs = false) {
    std::int64_t n_classes = 0;
    const Dataset data = load(from, loss, n_classes);
    ModelSpec spec = linear_spec(loss, data.n_features, loss == LossKind::kCrossEntropy ? n_classes : 1);
    spec.hidden = std::move(hidden);
    if (!spec.hidden.empty()) spec.kind = ModelKind::kMlp;
    const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}, .seed = 3, .stream = 0};
    const auto losses_of = [&](Backend& backend) {
      backend.import_state(0, {.parameters = initial_parameters(spec, 3, 0)});
      return run_steps(backend, 0, data, batch, 1e-3, 3);
    };
    const auto expected = losses_of(*make_backend(DeviceKind::kCpu, spec, data, {&member, 1}));
    ASSERT_EQ(static_cast<std::int64_t>(expected.size()), 3 * ((data.n_rows + batch - 1) / batch));
    EXPECT_LT(expected.back(), expected.front()) << "nothing was learnt";
    const auto backend = graphs ? make_graph_backend(spec, data, {&member, 1}, {})
                                : make_backend(DeviceKind::kCuda, spec, data, {&member, 1});
    const auto actual = losses_of(*backend);
    ASSERT_EQ(actual.size(), expected.size());
    double worst = 0.0;
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double error = std::fabs(actual[i] - expected[i]);
      ASSERT_TRUE(error <= kTolerance * std::fabs(expected[i]))
          << "step " << i << ": found " << actual[i] << ", expected " << expected[i];
      worst = std::max(worst, error / std::fabs(expected[i]));
    }
    RecordProperty("largest_relative_difference", std::to_string(worst));
  }
};

TEST_F(TrajectoryTest, LinearRegressionOnHousing) { expect_cpu_losses(kHousing, LossKind::kMse, {}, 64); }
TEST_F(TrajectoryTest, LinearRegressionOnHousingInLargeBatches) {
  expect_cpu_losses(kHousing, LossKind::kHuber, {}, 20640);
}
TEST_F(TrajectoryTest, LogisticRegressionOnBreastCancer) { expect_cpu_losses(kBreastCancer, LossKind::kBce, {}, 32); }
TEST_F(TrajectoryTest, SoftmaxOnDigits) { expect_cpu_losses(kDigits, LossKind::kCrossEntropy, {}, 64); }
TEST_F(TrajectoryTest, NetworkOnHousing) { expect_cpu_losses(kHousing, LossKind::kMse, {64, 64}, 64); }
TEST_F(TrajectoryTest, NetworkInGraphsOnHousing) { expect_cpu_losses(kHousing, LossKind::kMse, {64, 64}, 64, true); }
TEST_F(TrajectoryTest, NetworkOnBreastCancer) { expect_cpu_losses(kBreastCancer, LossKind::kBce, {16}, 32); }
TEST_F(TrajectoryTest, NetworkOnDigits) { expect_cpu_losses(kDigits, LossKind::kCrossEntropy, {32}, 64); }
TEST_F(TrajectoryTest, NetworkInGraphsOnDigits) {
  expect_cpu_losses(kDigits, LossKind::kCrossEntropy, {128, 64}, 64, true);
}

}  // namespace
}  // namespace slalom::testing
