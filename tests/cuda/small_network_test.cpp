// SPDX-License-Identifier: Apache-2.0
// Small networks trained on the device follow the float64 reference step by step.
#include <limits>

#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"

namespace slalom::testing {
namespace {

// Float32 rounds by 6e-8. A gradient element is a sum of at most some 100 products through four layers, and the runs
// have at most some 30 steps at rates of 0.01 and less, each of which adds its error: 2e-5 is some 10 times the largest
// error to be expected, and far below what a wrong formula changes in one step (about 1e-3).
constexpr double kTolerance = 2e-5;

class SmallNetworkTest : public DeviceTest {};

TEST_F(SmallNetworkTest, FollowsTheReferenceForEveryActivation) {
  for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
    for (const bool batch_norm : {false, true}) {
      for (const double dropout : {0.0, 0.4}) {
        NetworkProblem p = small_problem();
        p.spec.activation = activation;
        p.spec.batch_norm = batch_norm;
        p.spec.dropout = dropout;
        SCOPED_TRACE("dropout " + std::to_string(dropout));
        expect_follows_reference(p, kTolerance);
      }
    }
  }
}

TEST_F(SmallNetworkTest, FollowsTheReferenceForEveryLoss) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    for (const std::int64_t outputs : {1, 2, 10, 33}) {
      if (loss == LossKind::kCrossEntropy && outputs == 1) continue;
      NetworkProblem p = small_problem();
      p.spec.loss = {.kind = loss, .huber_delta = 0.7, .quantile = 0.8};
      p.spec.n_outputs = outputs;
      p.spec.activation = Activation::kTanh;
      p.weighted = outputs != 2;
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(SmallNetworkTest, FollowsTheReferenceForEveryOptimizer) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      NetworkProblem p = small_problem();
      p.spec.activation = Activation::kSilu;
      // Epsilon is large so that the adaptive rules' quotients of nearly vanishing gradients do not magnify rounding.
      p.optimizer = {.kind = kind, .convention = convention, .epsilon = 0.01, .l2 = 0.01, .clip_norm = 0.5};
      p.rate = 0.005;
      expect_follows_reference(p, kTolerance);
    }
  }
}

TEST_F(SmallNetworkTest, FollowsTheReferenceForEveryVariantOfAnOptimizer) {
  std::vector<OptimizerConfig> variants(7);
  variants[0] = {.kind = OptimizerKind::kRmsprop, .momentum = 0.9, .centered = true};
  variants[1] = {.kind = OptimizerKind::kRmsprop, .convention = Convention::kKeras, .momentum = 0.9};
  variants[2] = {.kind = OptimizerKind::kRmsprop, .centered = true};
  variants[3] = {.kind = OptimizerKind::kAdamW, .amsgrad = true, .weight_decay = 0.1};
  variants[4] = {.kind = OptimizerKind::kNesterov, .l1 = 0.05};
  variants[5] = {.kind = OptimizerKind::kFtrl, .l1 = 0.02, .l2 = 0.02};
  variants[6] = {.kind = OptimizerKind::kAdam, .l1 = 0.01, .clip_norm = 0.1, .clip_value = 0.02};
  for (OptimizerConfig& variant : variants) {
    if (variant.kind != OptimizerKind::kFtrl) variant.epsilon = 0.01;
    NetworkProblem p = small_problem();
    p.spec.activation = Activation::kGelu;
    p.optimizer = variant;
    p.rate = 0.005;
    expect_follows_reference(p, kTolerance);
  }
}

TEST_F(SmallNetworkTest, FollowsTheReferenceOverShapes) {
  struct Shape {
    std::int64_t d;
    std::vector<std::int64_t> hidden;
    std::int64_t outputs, rows, batch;
  };
  const std::vector<Shape> shapes = {{1, {1}, 1, 9, 4},
                                     {2, {3}, 1, 7, 1},
                                     {3, {33}, 1, 1, 1},
                                     {8, {64, 64}, 1, 80, 64},
                                     {64, {32}, 10, 70, 64},
                                     {31, {17, 5, 9}, 3, 40, 7},
                                     {5, {2, 2, 2, 2}, 2, 33, 100},
                                     {13, {31}, 2, 200, 200},
                                     {100, {7}, 1, 20, 8},
                                     {4, {65}, 1, 37, 36},
                                     {7, {12, 40}, 4, 61, 20},
                                     {9, {128, 64}, 1, 40, 40}};
  for (const Shape& shape : shapes) {
    NetworkProblem p = small_problem();
    p.spec.n_features = shape.d;
    p.spec.hidden = shape.hidden;
    p.spec.n_outputs = shape.outputs;
    p.spec.activation = Activation::kSigmoid;
    p.n_rows = shape.rows;
    p.batch = shape.batch;
    expect_follows_reference(p, kTolerance);
    p.spec.activation = Activation::kLeakyRelu;
    p.spec.batch_norm = shape.batch > 1 && shape.rows % shape.batch != 1;
    expect_follows_reference(p, kTolerance);
  }
}

TEST_F(SmallNetworkTest, FollowsTheReferenceWithTheStateInGlobalMemory) {
  NetworkProblem p = small_problem();
  p.spec.n_features = 8;
  p.spec.hidden = {128, 100};
  p.optimizer = {.kind = OptimizerKind::kRmsprop, .momentum = 0.9, .epsilon = 0.01, .centered = true};
  p.rate = 0.001;
  p.n_rows = 100;
  p.batch = 64;
  expect_follows_reference(p, kTolerance);
}

TEST_F(SmallNetworkTest, FollowsTheReferenceFromZeroWeights) {
  NetworkProblem p = small_problem();
  p.spec.initialization = Initialization::kZeros;
  expect_follows_reference(p, kTolerance);
}

/// Batches of one row with batch normalisation: nothing is left of the row but beta.
TEST_F(SmallNetworkTest, FollowsTheReferenceForBatchNormalisationOfOneRow) {
  NetworkProblem p = small_problem();
  p.spec.batch_norm = true;
  p.n_rows = 9;
  p.batch = 4;
  expect_follows_reference(p, kTolerance);
}

TEST_F(SmallNetworkTest, StopsAtTheFirstStepThatIsNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (const bool batch_norm : {false, true}) {
    for (const bool in_features : {false, true}) {
      NetworkProblem p = small_problem();
      p.spec.batch_norm = batch_norm;
      p.spec.activation = Activation::kTanh;
      p.optimizer.kind = OptimizerKind::kAdam;
      Dataset data = random_data(p.spec, p.n_rows, true);
      (in_features ? data.features[10] : data.targets[13]) = kInfinity;  // row 1, feature 2, or row 13
      std::vector<std::uint32_t> rows(20);
      std::iota(rows.begin(), rows.end(), 0U);
      const std::vector<double> rates(5, 0.01);
      const MemberConfig member{.optimizer = p.optimizer, .seed = 3, .stream = 0};
      std::vector<MemberState> states;
      std::vector<BlockResult> results;
      for (const DeviceKind device : {DeviceKind::kReference, DeviceKind::kCuda}) {
        const auto backend = make_backend(device, p.spec, data, {&member, 1});
        backend->import_state(0, network_start(p.spec));
        const StepBlock block{.rows = rows, .batch_size = 4, .learning_rates = rates};
        results.push_back(backend->run({&block, 1}).at(0));
        states.push_back(backend->export_state(0));
      }
      SCOPED_TRACE(std::string(batch_norm ? "batch norm " : "") + (in_features ? "features" : "targets"));
      EXPECT_EQ(results[1].first_non_finite, results[0].first_non_finite);
      EXPECT_GE(results[1].first_non_finite, 0);
      ASSERT_EQ(results[1].losses.size(), results[0].losses.size());
      // Infinite targets show in the loss; tanh hides infinite features from it, but not from the gradient.
      const bool hidden = in_features && !batch_norm;
      EXPECT_EQ(std::isfinite(results[1].losses.back()), hidden);
      EXPECT_EQ(std::isfinite(results[0].losses.back()), hidden);
      EXPECT_EQ(states[1].step, states[0].step);
      const ParameterLayout layout(p.spec);
      const auto trainable = [&](const MemberState& state) {
        return std::vector<double>(state.parameters.begin(), state.parameters.begin() + layout.n_trainable);
      };
      expect_close(trainable(states[1]), trainable(states[0]), kTolerance, "parameter");
      expect_close(states[1].optimizer_state, states[0].optimizer_state, kTolerance, "optimizer value");
      for (std::size_t i = static_cast<std::size_t>(layout.n_trainable); i < states[0].parameters.size(); ++i) {
        EXPECT_EQ(std::isfinite(states[1].parameters[i]), std::isfinite(states[0].parameters[i])) << "statistic " << i;
      }
    }
  }
}

TEST_F(SmallNetworkTest, PredictsRowsOfOtherData) {
  NetworkProblem p = small_problem();
  p.spec.n_features = 3;
  p.spec.n_outputs = 2;
  p.spec.batch_norm = true;
  const Dataset train = random_data(p.spec, 20);
  const Dataset other = random_data(p.spec, 301);
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < 77; ++i) rows.push_back(i * 7919 % 301);
  const MemberConfig member{.optimizer = p.optimizer, .seed = 3, .stream = 0};
  std::vector<std::vector<float>> outputs;
  for (const DeviceKind device : {DeviceKind::kReference, DeviceKind::kCuda}) {
    const auto backend = make_backend(device, p.spec, train, {&member, 1});
    backend->import_state(0, network_start(p.spec));
    outputs.emplace_back(rows.size() * 2);
    backend->predict(0, other.view(), rows, outputs.back());
    outputs.emplace_back(20 * 2);
    backend->predict(0, train.view(), {}, outputs.back());
  }
  expect_close(outputs[2], outputs[0], kTolerance, "output");
  expect_close(outputs[3], outputs[1], kTolerance, "output of the training rows");
}

TEST_F(SmallNetworkTest, PredictsARowTheSameInAnyCompany) {
  NetworkProblem p = small_problem();
  p.spec.hidden = {40, 9};
  const Dataset data = random_data(p.spec, 131);
  const auto backend = started_backend(DeviceKind::kCuda, p.spec, data, p.optimizer);
  std::vector<float> all(131);
  backend->predict(0, data.view(), {}, all);
  for (const std::size_t n : {1U, 5U, 64U, 100U}) {
    std::vector<std::uint32_t> rows;
    for (std::size_t i = 0; i < n; ++i) rows.push_back(static_cast<std::uint32_t>((i * 7919 + 3) % 131));
    std::vector<float> some(n);
    backend->predict(0, data.view(), rows, some);
    for (std::size_t i = 0; i < n; ++i) EXPECT_EQ(some[i], all[rows[i]]) << "row " << i << " of " << n;
  }
}

}  // namespace
}  // namespace slalom::testing
