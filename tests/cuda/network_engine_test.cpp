// SPDX-License-Identifier: Apache-2.0
// Networks trained on the device follow the float64 reference step by step.
#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"
#include "golden/network_cases.hpp"

namespace slalom::testing {
namespace {

// Float32 rounds by 6e-8; a gradient element is a sum of some 100 products through at most four layers, and the runs
// have some 20 steps at rates of 0.01 and less, each adding its error to the parameters: 2e-5 is some 10 times the
// largest error to be expected, and far below the change of a single step (about 1e-3) that a wrong formula would show
// in.
constexpr double kTolerance = 2e-5;

class NetworkOnDevice : public DeviceTest {};

TEST_F(NetworkOnDevice, FollowsTheReferenceForEveryActivation) {
  for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
    for (const double dropout : {0.0, 0.4}) {
      NetworkProblem p;
      p.spec.activation = activation;
      p.spec.dropout = dropout;
      SCOPED_TRACE(dropout);
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(NetworkOnDevice, FollowsTheReferenceWithBatchNormalisation) {
  for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
    for (const double dropout : {0.0, 0.3}) {
      NetworkProblem p;
      p.spec.activation = activation;
      p.spec.batch_norm = true;
      p.spec.dropout = dropout;
      p.batch = 20;  // the last short batch has 10 rows; one of two rows would divide by differences of rounded numbers
      SCOPED_TRACE(dropout);
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(NetworkOnDevice, BatchNormalisationTakesSingleRows) {
  NetworkProblem p;
  p.spec.batch_norm = true;
  p.spec.activation = Activation::kSilu;
  p.n_rows = 21;
  p.batch = 20;  // the last batch is one row, which running statistics ignore
  expect_follows_reference(p, kTolerance);
}

TEST_F(NetworkOnDevice, FollowsTheReferenceForEveryLoss) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    for (const std::int64_t n_outputs : {1, 3}) {
      for (const bool weighted : {false, true}) {
        if (loss == LossKind::kCrossEntropy && n_outputs == 1) continue;
        NetworkProblem p;
        p.spec.loss = {.kind = loss, .huber_delta = 0.7, .quantile = 0.8};
        p.spec.n_outputs = n_outputs;
        p.spec.activation = Activation::kTanh;
        p.weighted = weighted;
        SCOPED_TRACE(weighted ? "some weights are 0" : "");
        expect_follows_reference(p, kTolerance);
      }
    }
  }
}

TEST_F(NetworkOnDevice, FollowsTheReferenceForEveryOptimizer) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    // Rounding moves the sums whose sign lion takes across zero; its bits are tested in optimizer_kernel_test.cpp.
    if (kind == OptimizerKind::kLion) continue;
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      NetworkProblem p;
      p.spec.activation = Activation::kTanh;
      p.optimizer = {.kind = kind, .convention = convention, .l1 = 0.001, .l2 = 0.01};
      p.rate = 0.001;
      p.epochs = 1;
      // Adaptive rules divide by the root of a mean square, so that an error relative to a small gradient element
      // counts in full: 7 steps of 0.001 times 1e-3 at worst.
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(NetworkOnDevice, FollowsTheReferenceOverWidths) {
  for (const std::vector<std::int64_t>& hidden :
       std::vector<std::vector<std::int64_t>>{{1}, {13}, {33, 17}, {5, 3, 7}}) {
    for (const std::int64_t d : {1, 3, 17}) {
      NetworkProblem p;
      p.spec.hidden = hidden;
      p.spec.n_features = d;
      p.batch = 12;  // the last short batch has 2 rows
      p.rate = 0.003;
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(NetworkOnDevice, FollowsTheReferenceOverBatches) {
  for (const std::int64_t n : {1, 7, 65}) {
    for (const std::int64_t batch : {1, 10, 100}) {
      NetworkProblem p;
      p.n_rows = n;
      p.batch = batch;
      p.epochs = 1;
      p.rate = 0.001;
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(NetworkOnDevice, FollowsTheReferenceThroughGraphsOfManySteps) {
  NetworkProblem p;
  p.spec.activation = Activation::kTanh;
  p.n_rows = 401;
  p.batch = 5;  // 80 whole batches and one of one row
  p.rate = 0.002;
  expect_follows_reference(p, 10 * kTolerance);  // 162 steps
}

TEST_F(NetworkOnDevice, FollowsTheReferenceWhenItClips) {
  for (const auto& [value, norm] : {std::pair{0.05, 0.0}, {0.0, 0.2}, {0.05, 0.2}}) {
    NetworkProblem p;
    p.spec.activation = Activation::kTanh;
    p.optimizer.clip_value = value;
    p.optimizer.clip_norm = norm;
    SCOPED_TRACE(std::to_string(value) + " " + std::to_string(norm));
    expect_follows_reference(p, kTolerance);
  }
}

TEST_F(NetworkOnDevice, StartsFromZeroWeights) {
  NetworkProblem p;
  p.spec.initialization = Initialization::kZeros;  // every pre-activation is at relu's kink
  expect_follows_reference(p, kTolerance);
}

TEST_F(NetworkOnDevice, PredictsAsTheReferenceInPieces) {
  for (const bool batch_norm : {false, true}) {
    for (const Activation activation : {Activation::kRelu, Activation::kGelu}) {
      NetworkProblem p;
      p.spec.batch_norm = batch_norm;
      p.spec.activation = activation;
      p.spec.dropout = 0.5;  // not in prediction
      p.spec.n_outputs = 3;
      p.optimizer.kind = OptimizerKind::kAveragedSgd;  // predicts with other parameters than it trains
      SCOPED_TRACE(describe(p));
      const Dataset train = random_data(p.spec, 40);
      const Dataset other = random_data(p.spec, 5000);
      const auto reference = started_backend(DeviceKind::kReference, p.spec, train, p.optimizer);
      const auto device = started_graph_backend(p.spec, train, p.optimizer);
      run_steps(*reference, 0, train, 10, 0.01, 1);
      run_steps(*device, 0, train, 10, 0.01, 1);
      const auto compare = [&](const Dataset& data, std::span<const std::uint32_t> rows) {
        const auto n = rows.empty() ? data.n_rows : static_cast<std::int64_t>(rows.size());
        std::vector<float> expected(static_cast<std::size_t>(n * 3));
        std::vector<float> actual = expected;
        reference->predict(0, data.view(), rows, expected);
        device->predict(0, data.view(), rows, actual);
        expect_close(actual, expected, kTolerance, "output");
      };
      compare(train, {});                                       // resident on the device
      compare(train, std::vector<std::uint32_t>{39, 0, 7, 7});  // some of its rows
      compare(other, {});                                       // uploaded, two pieces and a rest
      compare(other, std::vector<std::uint32_t>{4999, 1, 2500});
    }
  }
}

class NetworkOnDeviceGolden : public NetworkOnDevice {
 protected:
  void SetUp() override {
    NetworkOnDevice::SetUp();
    if (shared_dir().empty()) GTEST_SKIP() << "the shared reference data is absent; SLALOM_SHARED names its folder";
  }
};

TEST_F(NetworkOnDeviceGolden, GradientsMatch) {
  const nlohmann::json file = GoldenTest::read_golden("networks.json");
  std::size_t checked = 0;
  for (const auto& j : file.at("cases")) {
    if (j.at("dims").size() == 2) continue;  // no hidden layer: another engine's
    check_case(
        j, [](const auto&... arguments) { return make_graph_backend(arguments...); }, 5e-6);
    ++checked;
  }
  EXPECT_EQ(checked, 8U);
}

}  // namespace
}  // namespace slalom::testing
