// SPDX-License-Identifier: Apache-2.0
// The float32 backend follows the float64 one, and results depend on nothing that they should not depend on.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "cpu/random_problem.hpp"

namespace slalom::testing {
namespace {

ModelSpec spec_of(LossKind loss, std::int64_t d, std::vector<std::int64_t> hidden) {
  ModelSpec spec;
  spec.loss.kind = loss;
  spec.n_features = d;
  spec.hidden = std::move(hidden);
  spec.activation = Activation::kTanh;
  spec.n_outputs = loss == LossKind::kCrossEntropy ? 3 : 1;
  spec.kind = !spec.hidden.empty()                                 ? ModelKind::kMlp
              : loss == LossKind::kCrossEntropy                    ? ModelKind::kSoftmax
              : loss == LossKind::kBce || loss == LossKind::kHinge ? ModelKind::kLogistic
                                                                   : ModelKind::kLinear;
  return spec;
}

void expect_same_losses(const ModelSpec& spec, const OptimizerConfig& optimizer, std::int64_t n, std::int64_t batch) {
  SCOPED_TRACE(std::string(name_of(optimizer.kind)) + " " + std::string(name_of(spec.loss.kind)) + " d " +
               std::to_string(spec.n_features) + " layers " + std::to_string(spec.hidden.size()) + " n " +
               std::to_string(n) + " batch " + std::to_string(batch));
  const Dataset data = random_data(spec, n, n > 5);
  const auto reference = started_backend(DeviceKind::kReference, spec, data, optimizer);
  const auto cpu = started_backend(DeviceKind::kCpu, spec, data, optimizer);
  const auto expected =
      run_steps(*reference, 0, data, batch, 0.001, 3);  // small: batch 1 with momentum is chaotic at 0.01
  const auto actual = run_steps(*cpu, 0, data, batch, 0.001, 3);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t s = 0; s < expected.size(); ++s) {
    ASSERT_TRUE(std::fabs(actual[s] - expected[s]) <= 1e-4 * (0.1 + std::fabs(expected[s])))
        << "step " << s << ": " << actual[s] << " instead of " << expected[s];
  }
}

TEST(CpuBackend, FollowsTheReferenceForEveryOptimizer) {
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      OptimizerConfig optimizer{.kind = kind, .convention = convention};
      optimizer.l2 = 0.01;
      optimizer.clip_norm = 5.0;
      if (kind != OptimizerKind::kLion) optimizer.l1 = 0.001;
      expect_same_losses(spec_of(LossKind::kMse, 17, {}), optimizer, 50, 8);
      if (kind == OptimizerKind::kLion) continue;  // the sign of a rounded zero may differ
      expect_same_losses(spec_of(LossKind::kMse, 6, {5}), optimizer, 50, 8);
    }
  }
}

TEST(CpuBackend, FollowsTheReferenceOverShapesAndLosses) {
  const OptimizerConfig adam{.kind = OptimizerKind::kMomentum};
  for (const LossKind loss : {LossKind::kMse, LossKind::kHuber, LossKind::kBce, LossKind::kCrossEntropy}) {
    for (const std::int64_t d : {1, 3, 16, 17, 64}) {
      for (const std::int64_t n : {1, 7, 65}) {
        for (const std::int64_t batch : {1, 10, 100}) {
          expect_same_losses(spec_of(loss, d, {}), adam, n, batch);
          expect_same_losses(spec_of(loss, d, {33, 17}), adam, n, batch);
        }
      }
    }
  }
}

MemberState run_with(const ModelSpec& spec, const Dataset& data, int threads, std::int64_t block_steps) {
  const auto backend = started_backend(DeviceKind::kCpu, spec, data, {.kind = OptimizerKind::kAdam}, threads);
  run_steps(*backend, 0, data, 256, 0.01, 2, block_steps);
  return backend->export_state(0);
}

TEST(CpuBackend, BitsDoNotDependOnThreadsOrBlocks) {
  ModelSpec spec = spec_of(LossKind::kMse, 100, {256, 64});
  spec.dropout = 0.2;
  spec.batch_norm = true;
  const Dataset data = random_data(spec, 700);
  const MemberState one = run_with(spec, data, 1, 1000);
  EXPECT_EQ(one.parameters, run_with(spec, data, 2, 1000).parameters);
  EXPECT_EQ(one.parameters, run_with(spec, data, 3, 1).parameters);
}

TEST(CpuBackend, AMemberOfAPopulationEqualsTheMemberAlone) {
  const ModelSpec spec = spec_of(LossKind::kBce, 9, {8});
  const Dataset data = random_data(spec, 90);
  std::vector<MemberConfig> members(5);
  for (std::size_t m = 0; m < members.size(); ++m) {
    members[m].stream = m;
    members[m].optimizer.kind = m % 2 == 0 ? OptimizerKind::kAdam : OptimizerKind::kRmsprop;
  }
  const auto together = make_backend(DeviceKind::kCpu, spec, data, members, {.threads = 2});
  for (std::int64_t m = 0; m < 5; ++m) {
    const auto& member = members[static_cast<std::size_t>(m)];
    const auto alone = make_backend(DeviceKind::kCpu, spec, data, {&member, 1}, {.threads = 1});
    const MemberState start{.parameters = initial_parameters(spec, 1, member.stream)};
    together->import_state(m, start);
    alone->import_state(0, start);
    run_steps(*together, m, data, 7, 0.01, 2);
    run_steps(*alone, 0, data, 7, 0.01, 2);
    EXPECT_EQ(together->export_state(m).parameters, alone->export_state(0).parameters);
  }
}

TEST(CpuBackend, AsksForEachBlockAndHandsEachResultOver) {
  const ModelSpec spec = spec_of(LossKind::kMse, 9, {});
  const Dataset data = random_data(spec, 90);
  const std::vector<MemberConfig> members(7);
  std::vector<std::uint32_t> order(90);
  std::iota(order.begin(), order.end(), 0U);
  const std::vector<double> rates(13, 0.01);
  std::vector<StepBlock> blocks(members.size());
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    if (m == 2) continue;  // rests
    blocks[m] = {.rows = std::span(order).subspan(m),
                 .batch_size = 7,
                 .learning_rates = std::span(rates).first((90 - m + 6) / 7)};
  }
  for (const DeviceKind device : {DeviceKind::kCpu, DeviceKind::kReference}) {
    const auto at_once = make_backend(device, spec, data, members, {.threads = 1});
    const std::vector<BlockResult> expected = at_once->run(blocks);
    for (const int threads : {1, 3}) {
      const auto each = make_backend(device, spec, data, members, {.threads = threads});
      std::vector<int> asked(members.size()), handed(members.size());
      each->run_each(
          [&](std::int64_t member) {
            const auto m = static_cast<std::size_t>(member);
            ++asked[m];
            EXPECT_EQ(handed[m], 0);
            return blocks[m];
          },
          [&](std::int64_t member, const BlockResult& result) {
            const auto m = static_cast<std::size_t>(member);
            ++handed[m];
            EXPECT_EQ(result.losses, expected[m].losses) << m;
          });
      EXPECT_EQ(asked, std::vector<int>(members.size(), 1));
      EXPECT_EQ(handed, std::vector<int>(members.size(), 1));
      for (std::int64_t m = 0; m < each->n_members(); ++m)
        expect_same_state(each->export_state(m), at_once->export_state(m));
    }
  }
  blocks[1].learning_rates = std::span(rates).first(2);
  const auto each = make_backend(DeviceKind::kCpu, spec, data, members, {.threads = 3});
  EXPECT_THROW(each->run_each([&](std::int64_t m) { return blocks[static_cast<std::size_t>(m)]; }, [](auto, auto&) {}),
               Error);
}

TEST(CpuBackend, GoesOnBitIdenticallyFromAnExportedState) {
  const ModelSpec spec = spec_of(LossKind::kMse, 5, {6});
  const Dataset data = random_data(spec, 60);
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    const auto whole = started_backend(DeviceKind::kCpu, spec, data, {.kind = kind});
    run_steps(*whole, 0, data, 8, 0.01, 1);
    const MemberState middle = whole->export_state(0);
    run_steps(*whole, 0, data, 8, 0.01, 1);
    const auto resumed = started_backend(DeviceKind::kCpu, spec, data, {.kind = kind});
    resumed->import_state(0, middle);
    run_steps(*resumed, 0, data, 8, 0.01, 1);
    EXPECT_EQ(whole->export_state(0).parameters, resumed->export_state(0).parameters) << name;
  }
}

TEST(CpuBackend, RestoresASnapshot) {
  const ModelSpec spec = spec_of(LossKind::kMse, 5, {});
  const Dataset data = random_data(spec, 40);
  const auto backend = started_backend(DeviceKind::kCpu, spec, data, {.kind = OptimizerKind::kAdam});
  expect_restores_snapshot(*backend, data, 8, 0.01);
}

TEST(CpuBackend, StopsAtTheFirstStepThatIsNotFinite) {
  const ModelSpec spec = spec_of(LossKind::kMse, 2, {});
  Dataset data = random_data(spec, 10);
  data.targets[5] = std::numeric_limits<float>::infinity();
  const auto backend = started_backend(DeviceKind::kCpu, spec, data, {.kind = OptimizerKind::kSgd});
  std::vector<std::uint32_t> rows{0, 1, 2, 3, 4, 5, 6};
  const std::vector<double> rates(7, 0.01);
  const StepBlock block{.rows = rows, .batch_size = 1, .learning_rates = rates};
  const auto result = backend->run({&block, 1});
  EXPECT_EQ(result[0].first_non_finite, 5);
  for (const double p : backend->export_state(0).parameters) EXPECT_TRUE(std::isfinite(p));
}

TEST(CpuBackend, RefusesAStateOfAnotherSize) {
  const ModelSpec spec = spec_of(LossKind::kMse, 2, {});
  const Dataset data = random_data(spec, 4);
  const auto backend = started_backend(DeviceKind::kCpu, spec, data, {.kind = OptimizerKind::kSgd});
  EXPECT_THROW(backend->import_state(0, {.parameters = {1.0}}), DataError);
}

TEST(CpuBackend, LassoReachesTheSoftThresholdedOptimumAndExactZeros) {
  // Orthonormal design: the lasso solution is soft(least squares, l1 / 2) coefficient by coefficient (MSE has no 1/2).
  ModelSpec spec = spec_of(LossKind::kMse, 2, {});
  Dataset data;
  data.n_rows = 4;
  data.n_features = 2;
  data.n_targets = 1;
  data.features = {1, 1, 1, -1, -1, 1, -1, -1};
  for (std::size_t i = 0; i < 4; ++i)
    data.targets.push_back(2.0F * data.features[2 * i] + 0.1F * data.features[2 * i + 1]);
  for (const OptimizerKind kind : {OptimizerKind::kSgd, OptimizerKind::kMomentum, OptimizerKind::kNesterov}) {
    const auto backend = started_backend(DeviceKind::kReference, spec, data, {.kind = kind, .l1 = 0.5});
    run_steps(*backend, 0, data, 4, 0.05, 3000);
    const std::vector<double> w = backend->export_state(0).parameters;
    EXPECT_NEAR(w[0], 1.75, 1e-6) << name_of(kind);
    EXPECT_EQ(w[1], 0.0) << name_of(kind);
  }
}

}  // namespace
}  // namespace slalom::testing
