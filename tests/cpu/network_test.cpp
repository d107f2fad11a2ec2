// SPDX-License-Identifier: Apache-2.0
// The tiled float32 networks: they follow the reference path over shapes, activations, layers and losses, and their bits
// depend neither on the fused instruction set nor on threads, blocks or the population.
#include <cmath>
#include <limits>
#include <memory>

#include <gtest/gtest.h>

#include "cpu/outcome.hpp"
#include "cpu/tiled_network_engine.hpp"

namespace slalom::testing {
namespace {

ModelSpec network(LossKind loss, std::int64_t d, std::vector<std::int64_t> hidden, std::int64_t k,
                  Activation activation = Activation::kRelu) {
  ModelSpec spec;
  spec.kind = ModelKind::kMlp;
  spec.n_features = d;
  spec.hidden = std::move(hidden);
  spec.activation = activation;
  spec.loss.kind = loss;
  spec.n_outputs = loss == LossKind::kBce || loss == LossKind::kHinge ? 1 : k;
  return spec;
}

EngineBackend backend_of(const ModelSpec& spec, const Dataset& data, const MemberConfig& member,
                         const cpu::InstructionSet& set, int threads = 1) {
  return {spec, member, std::make_unique<cpu::TiledNetworkEngine>(spec, data, threads, set)};
}

Outcome outcome_of(Backend& backend, const Dataset& data, std::int64_t batch, std::int64_t block_steps = 1000) {
  return outcome_from(backend, initial_parameters(backend.spec(), 3, 0), data, batch, block_steps);
}

void expect_near_reference(const ModelSpec& spec, std::int64_t n, std::int64_t batch,
                           OptimizerKind kind = OptimizerKind::kMomentum) {
  const Dataset data = random_data(spec, n, n % 2 == 1);
  const MemberConfig member{.optimizer = {.kind = kind}};
  const auto reference = make_backend(DeviceKind::kReference, spec, data, {&member, 1});
  const Outcome expected = outcome_of(*reference, data, batch);
  std::vector<float> wanted(static_cast<std::size_t>(n * spec.n_outputs));
  reference->predict(0, data.view(), {}, wanted);
  for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
    SCOPED_TRACE(describe(spec, n, batch) + " " + std::string(name_of(spec.activation)) + " " + std::string(set.name));
    EngineBackend backend = backend_of(spec, data, member, set);
    expect_close_losses(outcome_of(backend, data, batch).losses, expected.losses);
    std::vector<float> found(wanted.size());
    backend.predict(0, data.view(), {}, found);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      ASSERT_NEAR(found[i], wanted[i], 2e-3F * (1.0F + std::fabs(wanted[i]))) << "prediction " << i;
    }
  }
}

TEST(TiledNetwork, FollowsTheReferenceOverOddShapes) {
  for (const std::int64_t d : {1, 3, 8, 33}) {
    for (const std::int64_t k : {1, 2, 10, 40}) {
      for (const std::int64_t batch : {1, 7, 64, 150}) {
        ASSERT_NO_FATAL_FAILURE(expect_near_reference(network(LossKind::kMse, d, {1}, k), 70, batch));
        ASSERT_NO_FATAL_FAILURE(expect_near_reference(network(LossKind::kMse, d, {33, 5}, k), 161, batch));
      }
    }
  }
}

TEST(TiledNetwork, FollowsTheReferenceWithOneRow) {
  expect_near_reference(network(LossKind::kMse, 4, {9}, 1), 1, 1);
  expect_near_reference(network(LossKind::kCrossEntropy, 4, {9}, 3), 1, 32);
}

/// Layers and batches that reach the products of large layers, and miss them by one; batches that leave a rest.
TEST(TiledNetwork, FollowsTheReferenceWithLargeLayers) {
  for (const std::int64_t batch : {63, 64, 150}) {
    expect_near_reference(network(LossKind::kMse, 128, {128, 127, 130}, 3), 161, batch);
    expect_near_reference(network(LossKind::kCrossEntropy, 133, {150, 160}, 10, Activation::kTanh), 161, batch);
  }
}

/// Otherwise no test of the engine would see them.
TEST(TiledNetwork, UsesProductsOfLargeLayersWhereThereAreAny) {
  const cpu::InstructionSet set = cpu::instruction_sets().front();
  if (set.large_products == nullptr) GTEST_SKIP() << "this machine has none";
  const ModelSpec spec = network(LossKind::kMse, 128, {128}, 1);
  const Dataset data = random_data(spec, 100, false);
  const auto losses = [&](std::int64_t batch, bool large) {
    cpu::InstructionSet used = set;
    if (!large) used.large_products = nullptr;
    EngineBackend backend = backend_of(spec, data, {}, used);
    return outcome_of(backend, data, batch).losses;
  };
  EXPECT_NE(losses(64, true), losses(64, false));
  EXPECT_EQ(losses(63, true), losses(63, false));
}

TEST(TiledNetwork, FollowsTheReferenceForEveryLoss) {
  for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
    expect_near_reference(network(loss, 9, {20, 12}, 3), 131, 40);
    expect_near_reference(network(loss, 9, {20, 12}, loss == LossKind::kCrossEntropy ? 2 : 1), 130, 100);
  }
}

TEST(TiledNetwork, FollowsTheReferenceForEveryActivationDropoutAndNormalisation) {
  for (const auto& [activation, name] : EnumNames<Activation>::kNames) {
    for (const double dropout : {0.0, 0.3}) {
      for (const bool norm : {false, true}) {
        ModelSpec spec = network(LossKind::kMse, 7, {19, 34}, 2, activation);
        spec.dropout = dropout;
        spec.batch_norm = norm;
        SCOPED_TRACE("dropout " + std::to_string(dropout) + (norm ? " normalised" : ""));
        expect_near_reference(spec, 90, 41, OptimizerKind::kSgd);
      }
    }
  }
}

TEST(TiledNetwork, FollowsTheReferenceForEveryOptimizer) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    if (kind == OptimizerKind::kLion) continue;  // the sign of a rounded zero may differ
    expect_near_reference(network(LossKind::kMse, 6, {17}, 1), 60, 16, kind);
  }
}

TEST(TiledNetwork, HasTheSameBitsWithEveryFusedInstructionSet) {
  const std::vector<cpu::InstructionSet> sets = cpu::instruction_sets();
  for (const Activation activation : {Activation::kRelu, Activation::kSilu}) {
    for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
      // Which weight gradients are computed the other way round, and what is packed, depends on the width of vectors.
      const std::int64_t second = activation == Activation::kRelu ? 16 : 9;
      const ModelSpec spec = network(loss, 21, {40, second}, 3, activation);
      const Dataset data = random_data(spec, 203, true);
      const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam, .l1 = 0.001, .clip_norm = 1.0}};
      EngineBackend widest = backend_of(spec, data, member, sets.front());
      const Outcome expected = outcome_of(widest, data, 44);
      for (const cpu::InstructionSet& set : sets) {
        if (set.products == &cpu::kProductBaseline) continue;
        SCOPED_TRACE(describe(spec, 203, 44) + " " + std::string(set.name));
        EngineBackend backend = backend_of(spec, data, member, set);
        expect_same_outcome(outcome_of(backend, data, 44), expected);
      }
    }
  }
}

TEST(TiledNetwork, BitsDoNotDependOnThreadsOrBlocks) {
  struct Shape {
    bool norm;
    std::int64_t features, batch;
    std::vector<std::int64_t> hidden{210, 150};
  };
  // A small first layer and two blocks of rows; a large one and one block; a large one, two blocks and a rest of one; and
  // one of few inputs, the gradient of whose weights is computed the other way round, below one whose are read as they lie.
  for (const auto& [norm, features, batch, hidden] :
       {Shape{true, 100, 300}, Shape{false, 140, 130}, Shape{false, 140, 600}, Shape{false, 7, 650, {64, 120}}}) {
    SCOPED_TRACE(batch);
    ModelSpec spec =
        network(LossKind::kCrossEntropy, features, hidden, 5, norm ? Activation::kTanh : Activation::kRelu);
    spec.batch_norm = norm;
    spec.dropout = norm ? 0.2 : 0.0;
    const Dataset data = random_data(spec, 700, true);
    const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam, .clip_norm = 1.0}};
    const cpu::InstructionSet set = cpu::instruction_sets().front();
    EngineBackend alone = backend_of(spec, data, member, set);
    const Outcome expected = outcome_of(alone, data, batch);
    std::vector<float> wanted(static_cast<std::size_t>(data.n_rows * spec.n_outputs));
    alone.predict(0, data.view(), {}, wanted);
    for (const int threads : {1, 2, 3, 5}) {
      SCOPED_TRACE(std::to_string(threads) + " threads" + (norm ? ", normalised" : ""));
      EngineBackend backend = backend_of(spec, data, member, set, threads);
      expect_same_outcome(outcome_of(backend, data, batch, threads == 3 ? 1 : 2), expected);
      std::vector<float> found(wanted.size());
      backend.predict(0, data.view(), {}, found);
      ASSERT_EQ(found, wanted);
    }
  }
}

class TiledNetworkOfUnits : public ::testing::TestWithParam<std::int64_t> {};
INSTANTIATE_TEST_SUITE_P(SmallAndLarge, TiledNetworkOfUnits, ::testing::Values(12, 130));

TEST_P(TiledNetworkOfUnits, PredictsRowsInAnyOrderAndNumber) {
  const ModelSpec spec = network(LossKind::kMse, GetParam(), {GetParam()}, 2);
  const Dataset data = random_data(spec, 1300);
  const MemberConfig member{};
  EngineBackend backend = backend_of(spec, data, member, cpu::instruction_sets().front(), 2);
  backend.import_state(0, {.parameters = initial_parameters(spec, 3, 0)});
  const std::vector<std::uint32_t> rows{1299, 0, 700, 700};
  std::vector<float> some(8);
  backend.predict(0, data.view(), rows, some);  // a few first: room for more has to be made then
  std::vector<float> all(2600);
  backend.predict(0, data.view(), {}, all);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(some[2 * i], all[2 * rows[i]]);
    EXPECT_EQ(some[2 * i + 1], all[2 * rows[i] + 1]);
  }
}

/// A rest is computed as a whole batch is, even by an engine that has seen no whole one.
TEST_P(TiledNetworkOfUnits, BeginsWithTheRestOfAnEpoch) {
  const ModelSpec spec = network(LossKind::kMse, GetParam(), {GetParam(), GetParam()}, 1);
  const Dataset data = random_data(spec, 133);
  std::vector<std::uint32_t> rows(133);
  for (std::uint32_t i = 0; i < 133; ++i) rows[i] = i;
  const double rate = 0.01;
  const StepBlock whole{.rows = std::span(rows).first(128), .batch_size = 128, .learning_rates = {&rate, 1}};
  const StepBlock rest{.rows = std::span(rows).subspan(128), .batch_size = 128, .learning_rates = {&rate, 1}};
  EngineBackend one = backend_of(spec, data, {}, cpu::instruction_sets().front());
  one.import_state(0, {.parameters = initial_parameters(spec, 3, 0)});
  ASSERT_EQ(one.run({&whole, 1}).at(0).first_non_finite, -1);
  const MemberState between = one.export_state(0);
  ASSERT_EQ(one.run({&rest, 1}).at(0).first_non_finite, -1);
  EngineBackend other = backend_of(spec, data, {}, cpu::instruction_sets().front());
  other.import_state(0, between);
  ASSERT_EQ(other.run({&rest, 1}).at(0).first_non_finite, -1);
  expect_same_state(other.export_state(0), one.export_state(0));
}

TEST_P(TiledNetworkOfUnits, AStepThatIsNotFiniteChangesNothing) {
  const ModelSpec spec = network(LossKind::kMse, GetParam(), {GetParam(), GetParam()}, 1);
  constexpr std::uint32_t kBatch = 64;
  Dataset data = random_data(spec, 4 * kBatch);
  data.features[static_cast<std::size_t>((2 * kBatch + 13) * row_stride(spec.n_features))] =
      std::numeric_limits<float>::infinity();
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}};
  EngineBackend backend = backend_of(spec, data, member, cpu::instruction_sets().front());
  backend.import_state(0, {.parameters = initial_parameters(spec, 3, 0)});
  std::vector<std::uint32_t> rows(4 * kBatch);
  for (std::uint32_t i = 0; i < 4 * kBatch; ++i) rows[i] = i;
  const std::vector<double> rates(4, 0.01);
  const StepBlock good{
      .rows = std::span(rows).first(2 * kBatch), .batch_size = kBatch, .learning_rates = std::span(rates).first(2)};
  EXPECT_EQ(backend.run({&good, 1}).at(0).first_non_finite, -1);
  const MemberState before = backend.export_state(0);
  const StepBlock bad{
      .rows = std::span(rows).subspan(2 * kBatch), .batch_size = kBatch, .learning_rates = std::span(rates).first(2)};
  EXPECT_EQ(backend.run({&bad, 1}).at(0).first_non_finite, 0);
  expect_same_state(backend.export_state(0), before);
}

/// The loss and all other gradients are finite.
TEST(TiledNetwork, FindsAnOverflowInTheGradientOfFewInputs) {
  const ModelSpec spec = network(LossKind::kMae, 3, {70}, 1);
  Dataset data = random_data(spec, 40);
  const ParameterLayout layout(spec);
  MemberState start{.parameters = std::vector<double>(static_cast<std::size_t>(layout.n_total))};
  for (std::int64_t i = 0; i < layout.layers[1].inputs; ++i)
    start.parameters[static_cast<std::size_t>(layout.layers[1].weight + i)] = 1e3;
  for (std::int64_t i = 0; i < layout.layers[0].outputs; ++i)
    start.parameters[static_cast<std::size_t>(layout.layers[0].bias + i)] = 1.0;
  const std::vector<double> rates(1, 0.01);
  std::vector<std::uint32_t> rows(40);
  for (std::uint32_t i = 0; i < 40; ++i) rows[i] = i;
  const StepBlock block{.rows = rows, .batch_size = 40, .learning_rates = rates};
  for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
    for (const float feature : {1.0F, 3e38F}) {
      SCOPED_TRACE(std::string(set.name) + " " + std::to_string(feature));
      for (std::int64_t i = 0; i < 40; ++i) data.features[static_cast<std::size_t>(i * row_stride(3) + 1)] = feature;
      EngineBackend backend = backend_of(spec, data, {}, set);
      backend.import_state(0, start);
      const BlockResult result = backend.run({&block, 1}).at(0);
      EXPECT_EQ(result.first_non_finite, feature > 1.0F ? 0 : -1);
      EXPECT_TRUE(std::isfinite(result.losses.at(0)));
      if (feature > 1.0F) {
        EXPECT_EQ(backend.export_state(0).parameters, start.parameters);
      }
    }
  }
}

TEST(TiledNetwork, LeavesPaddingZeroWithoutEpsilon) {
  const ModelSpec spec = network(LossKind::kMse, 3, {5}, 1);
  const Dataset data = random_data(spec, 30);
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam, .epsilon = 1e-60, .l2 = 0.1}};
  EngineBackend backend = backend_of(spec, data, member, cpu::instruction_sets().front());
  const MemberState state = outcome_of(backend, data, 10).state;
  std::vector<bool> used(state.parameters.size());
  for (const TensorView& tensor : ParameterLayout(spec).tensors) {
    for (std::int64_t i = 0; i < tensor.size(); ++i) used[static_cast<std::size_t>(tensor.offset + i)] = true;
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (!used[i]) {
      EXPECT_EQ(state.parameters[i], 0.0) << i;
    }
  }
}

}  // namespace
}  // namespace slalom::testing
