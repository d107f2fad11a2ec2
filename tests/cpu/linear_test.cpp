// SPDX-License-Identifier: Apache-2.0
// The fused passes of linear models: they follow the reference path over odd shapes, and their bits depend neither on
// the instruction set nor on threads, blocks or the population.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "cpu/engine.hpp"
#include "cpu/instruction_set.hpp"
#include "cpu/linear_engine.hpp"
#include "cpu/outcome.hpp"
#include "cpu/random_problem.hpp"
#include "support/sanitized.hpp"

namespace slalom::testing {
namespace {

ModelSpec linear_spec(LossKind loss, std::int64_t d, std::int64_t k) {
  ModelSpec spec;
  spec.n_features = d;
  spec.loss.kind = loss;
  spec.loss.quantile = 0.7;
  spec.n_outputs = loss == LossKind::kBce || loss == LossKind::kHinge ? 1 : k;
  spec.kind = loss == LossKind::kCrossEntropy                      ? ModelKind::kSoftmax
              : loss == LossKind::kBce || loss == LossKind::kHinge ? ModelKind::kLogistic
                                                                   : ModelKind::kLinear;
  return spec;
}

/// Columns from `n_floats` on take one of two values that are their own.
void make_two_valued(Dataset& data, std::int64_t n_floats) {
  for (std::int64_t i = 0; i < data.n_rows; ++i) {
    for (std::int64_t j = n_floats; j < data.n_features; ++j) {
      float& x = data.features[static_cast<std::size_t>(i * row_stride(data.n_features) + j)];
      x = x < 0.25F ? -0.1F * static_cast<float>(j % 7) : 1.0F / static_cast<float>(j + 1);
    }
  }
}

/// Runs on one instruction set.
EngineBackend backend_of(const ModelSpec& spec, const Dataset& train, const MemberConfig& member,
                         const cpu::InstructionSet& set, const cpu::CompactRows* compact = nullptr) {
  return {spec, member, std::make_unique<cpu::LinearEngine>(spec, train, compact, 1, *set.linear)};
}

Outcome outcome_of(Backend& backend, const ModelSpec& spec, const Dataset& data, std::int64_t batch,
                   std::int64_t block_steps = 1000) {
  std::vector<double> start = initial_parameters(spec, 3, 0);
  for (const TensorView& tensor : ParameterLayout(spec).tensors) {
    for (std::int64_t i = 0; i < tensor.size(); ++i)
      start[static_cast<std::size_t>(tensor.offset + i)] = 0.02 * static_cast<double>(static_cast<float>(i % 5 - 2));
  }
  for (double& value : start) value = static_cast<double>(static_cast<float>(value));
  return outcome_from(backend, start, data, batch, block_steps);
}

void expect_near_reference(const ModelSpec& spec, const OptimizerConfig& optimizer, std::int64_t n, std::int64_t batch,
                           bool weighted) {
  SCOPED_TRACE(describe(spec, n, batch) + " " + std::string(name_of(optimizer.kind)));
  const Dataset data = random_data(spec, n, weighted);
  const MemberConfig member{.optimizer = optimizer};
  const auto reference = make_backend(DeviceKind::kReference, spec, data, {&member, 1});
  const auto cpu = make_backend(DeviceKind::kCpu, spec, data, {&member, 1}, {.threads = 1});
  const Outcome expected = outcome_of(*reference, spec, data, batch);
  const Outcome actual = outcome_of(*cpu, spec, data, batch);
  expect_close_losses(actual.losses, expected.losses);
}

TEST(LinearEngine, FollowsTheReferenceOverOddShapes) {
  const OptimizerConfig momentum{.kind = OptimizerKind::kMomentum};
  for (const std::int64_t d : {1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 123, 512}) {
    for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
      expect_near_reference(linear_spec(loss, d, 3), momentum, 41, 12, d % 2 == 1);
      expect_near_reference(linear_spec(loss, d, 1 + (loss == LossKind::kCrossEntropy ? 1 : 0)), momentum, 5, 100,
                            false);
    }
  }
}

TEST(LinearEngine, FollowsTheReferenceForEveryLossAndOptimizer) {
  for (const auto& [loss, loss_name] : EnumNames<LossKind>::kNames) {
    for (const auto& [kind, kind_name] : EnumNames<OptimizerKind>::kNames) {
      if (kind == OptimizerKind::kLion) continue;  // the sign of a rounded zero may differ
      OptimizerConfig optimizer{.kind = kind, .l1 = 0.001, .l2 = 0.01};
      expect_near_reference(linear_spec(loss, 9, 2), optimizer, 30, 8, false);
      optimizer.convention = Convention::kKeras;
      optimizer.clip_norm = 0.5;
      optimizer.clip_value = 0.4;
      expect_near_reference(linear_spec(loss, 6, 2), optimizer, 30, 7, true);
    }
  }
}

TEST(LinearEngine, FollowsTheReferenceForEveryVariantOfRmsprop) {
  for (const bool centered : {false, true}) {
    for (const double momentum : {0.0, 0.5}) {
      for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
        OptimizerConfig optimizer{.kind = OptimizerKind::kRmsprop, .convention = convention};
        optimizer.centered = centered;
        optimizer.momentum = momentum;
        expect_near_reference(linear_spec(LossKind::kMse, 17, 1), optimizer, 40, 8, false);
      }
    }
  }
}

TEST(LinearEngine, FollowsTheReferenceWithSingleRows) {
  const OptimizerConfig sgd{.kind = OptimizerKind::kSgd};
  for (const std::int64_t d : {1, 8, 17, 512}) {
    expect_near_reference(linear_spec(LossKind::kMse, d, 1), sgd, 1, 1, false);
    expect_near_reference(linear_spec(LossKind::kBce, d, 1), sgd, 10, 1, true);
  }
}

TEST(LinearEngine, FollowsTheReferenceWhenABatchIsCutIntoChunks) {
  const OptimizerConfig adam{.kind = OptimizerKind::kAdam};
  expect_near_reference(linear_spec(LossKind::kMse, 123, 1), adam, 1100, 1000, false);
  expect_near_reference(linear_spec(LossKind::kCrossEntropy, 40, 10), adam, 700, 300, true);
}

TEST(LinearEngine, EveryInstructionSetGivesTheSameBits) {
  const std::vector<cpu::InstructionSet> sets = cpu::instruction_sets();
  for (const std::int64_t d : {1, 2, 3, 8, 9, 16, 24, 31, 123, 512}) {
    for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
      const ModelSpec spec = linear_spec(loss, d, 3);
      const Dataset data = random_data(spec, 203, d % 2 == 0);
      const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam, .l1 = 0.001, .clip_norm = 1.0}};
      EngineBackend widest = backend_of(spec, data, member, sets.front());
      const Outcome expected = outcome_of(widest, spec, data, 44);
      for (const cpu::InstructionSet& set : sets) {
        SCOPED_TRACE(describe(spec, 203, 44) + " " + std::string(set.name));
        EngineBackend backend = backend_of(spec, data, member, set);
        const Outcome actual = outcome_of(backend, spec, data, 44);
        expect_same_outcome(actual, expected);
      }
    }
  }
}

TEST(LinearEngine, RowsInBitsGiveTheBitsOfRowsInFloats) {
  for (const std::int64_t d : {16, 33, 40, 47, 64, 123, 300}) {
    for (const auto& [loss, name] : EnumNames<LossKind>::kNames) {
      for (const std::int64_t n_floats : {std::int64_t{0}, std::int64_t{3}, d / 4}) {
        const ModelSpec spec = linear_spec(loss, d, 3);
        Dataset data = random_data(spec, 403, d % 2 == 0);
        make_two_valued(data, n_floats);
        const auto compact = cpu::compact_rows(data.view());
        if (d <= 47 && n_floats > 0) continue;  // too few groups of columns in bits
        ASSERT_TRUE(compact.has_value()) << d << " " << n_floats;
        const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam, .l2 = 0.001}};
        for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
          SCOPED_TRACE(describe(spec, 403, 45) + " floats " + std::to_string(n_floats) + " " + std::string(set.name));
          EngineBackend floats = backend_of(spec, data, member, set);
          EngineBackend bits = backend_of(spec, data, member, set, &*compact);
          expect_same_outcome(outcome_of(bits, spec, data, 45), outcome_of(floats, spec, data, 45));
        }
      }
    }
  }
}

// Rows beyond those that a test visits make data so large that rows are prefetched. (Of 5 to 8 features with one output
// they also choose another pass, which rounds the bias otherwise.)
TEST(LinearEngine, PrefetchingKeepsTheBitsOfAPass) {
  constexpr std::int64_t kVisited = 200;
  for (const std::int64_t d : {1, 17, 250, 257, 300, 1000, 1024, 1030}) {
    for (const LossKind loss : {LossKind::kMse, LossKind::kCrossEntropy}) {
      const ModelSpec spec = linear_spec(loss, d, 3);
      const Dataset few = random_data(spec, kVisited);
      const Dataset many = random_data(spec, (1 << 18) / row_stride(d) + 1);
      ASSERT_FALSE(cpu::needs_prefetching(few.n_rows, row_stride(d)));
      ASSERT_TRUE(cpu::needs_prefetching(many.n_rows, row_stride(d)));
      ASSERT_TRUE(std::equal(few.features.begin(), few.features.end(), many.features.begin()));
      const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}};
      for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
        for (const std::int64_t batch : {3, 44, 200}) {
          SCOPED_TRACE(describe(spec, kVisited, batch) + " " + std::string(set.name));
          EngineBackend plain = backend_of(spec, few, member, set);
          EngineBackend prefetching = backend_of(spec, many, member, set);
          expect_same_outcome(outcome_of(prefetching, spec, few, batch), outcome_of(plain, spec, few, batch));
        }
      }
    }
  }
}

TEST(LinearEngine, PrefetchedRowsInBitsGiveTheSameBits) {
  const ModelSpec spec = linear_spec(LossKind::kBce, 600, 1);
  for (const auto& [n_floats, record, n_rows] :
       {std::array<std::int64_t, 3>{64, 96, kSanitized ? 4001 : 20001}, {256, 272, 1001}}) {
    Dataset data = random_data(spec, n_rows);
    make_two_valued(data, n_floats);
    const auto compact = cpu::compact_rows(data.view());
    ASSERT_TRUE(compact.has_value());
    ASSERT_EQ(compact->record, record);
    ASSERT_TRUE(cpu::needs_prefetching(data.n_rows, compact->record));
    const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam}};
    for (const cpu::InstructionSet& set : cpu::instruction_sets()) {
      SCOPED_TRACE(std::to_string(n_floats) + " floats " + std::string(set.name));
      EngineBackend floats = backend_of(spec, data, member, set);
      EngineBackend bits = backend_of(spec, data, member, set, &*compact);
      expect_same_outcome(outcome_of(bits, spec, data, 1000), outcome_of(floats, spec, data, 1000));
    }
  }
}

TEST(LinearEngine, EveryInstructionSetUpdatesToTheSameBits) {
  const std::vector<cpu::InstructionSet> sets = cpu::instruction_sets();
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    for (const Convention convention : {Convention::kPytorch, Convention::kKeras}) {
      const ModelSpec spec = linear_spec(LossKind::kMse, 19, 2);
      const Dataset data = random_data(spec, 50);
      const MemberConfig member{.optimizer = {.kind = kind, .convention = convention, .l2 = 0.1}};
      EngineBackend widest = backend_of(spec, data, member, sets.front());
      const Outcome expected = outcome_of(widest, spec, data, 9);
      for (const cpu::InstructionSet& set : sets) {
        EngineBackend backend = backend_of(spec, data, member, set);
        ASSERT_EQ(outcome_of(backend, spec, data, 9).state.parameters, expected.state.parameters)
            << name << " " << set.name;
      }
    }
  }
}

TEST(LinearEngine, BitsDoNotDependOnThreadsOrBlocks) {
  for (const LossKind loss : {LossKind::kMse, LossKind::kBce, LossKind::kCrossEntropy}) {
    for (const std::int64_t batch : {1, 50, 333, 1000, 5000}) {
      const ModelSpec spec = linear_spec(loss, 100, 4);
      const Dataset data = random_data(spec, 2111, true);
      const MemberConfig member{.optimizer = {.kind = OptimizerKind::kAdam, .clip_norm = 1.0}};
      const auto alone = make_backend(DeviceKind::kCpu, spec, data, {&member, 1}, {.threads = 1});
      const Outcome expected = outcome_of(*alone, spec, data, batch);
      for (const int threads : {1, 2, 3, 5}) {
        SCOPED_TRACE(describe(spec, 2111, batch) + " threads " + std::to_string(threads));
        const auto backend = make_backend(DeviceKind::kCpu, spec, data, {&member, 1}, {.threads = threads});
        const Outcome actual = outcome_of(*backend, spec, data, batch, threads == 3 ? 1 : 7);
        expect_same_outcome(actual, expected);
      }
    }
  }
}

TEST(LinearEngine, AMemberOfAPopulationEqualsTheMemberAlone) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 90, 1);
  const Dataset data = random_data(spec, 1500);
  std::vector<MemberConfig> members(5);
  for (std::size_t m = 0; m < members.size(); ++m) {
    members[m].optimizer.kind = m % 2 == 0 ? OptimizerKind::kAdam : OptimizerKind::kFtrl;
    members[m].optimizer.l2 = 0.01 * static_cast<double>(m);
  }
  const auto together = make_backend(DeviceKind::kCpu, spec, data, members, {.threads = 2});
  for (std::size_t m = 0; m < members.size(); ++m) {
    const auto alone = make_backend(DeviceKind::kCpu, spec, data, {&members[m], 1}, {.threads = 2});
    const MemberState start{.parameters = initial_parameters(spec, 1, 0)};
    together->import_state(static_cast<std::int64_t>(m), start);
    alone->import_state(0, start);
    run_steps(*together, static_cast<std::int64_t>(m), data, 700, 0.01, 2);
    run_steps(*alone, 0, data, 700, 0.01, 2);
    EXPECT_EQ(together->export_state(static_cast<std::int64_t>(m)).parameters, alone->export_state(0).parameters);
  }
}

TEST(LinearEngine, SeveralThreadsStopTogetherAtTheFirstStepThatIsNotFinite) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 100, 1);
  Dataset data = random_data(spec, 3000);
  data.targets[2500] = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::uint32_t> rows(3000);
  std::iota(rows.begin(), rows.end(), 0U);
  const std::vector<double> rates(3, 0.01);
  const StepBlock block{.rows = rows, .batch_size = 1000, .learning_rates = rates};
  std::vector<MemberState> states;
  for (const int threads : {1, 2, 3}) {
    const auto backend = started_backend(DeviceKind::kCpu, spec, data, {.kind = OptimizerKind::kAdam}, threads);
    const auto result = backend->run({&block, 1});
    EXPECT_EQ(result[0].first_non_finite, 2);
    EXPECT_EQ(result[0].losses.size(), 3U);
    states.push_back(backend->export_state(0));
    EXPECT_EQ(states.back().step, 2);
    EXPECT_EQ(states.back().parameters, states.front().parameters);
    for (const double p : states.back().parameters) EXPECT_TRUE(std::isfinite(p));
  }
}

TEST(LinearEngine, PaddingStaysZeroWhenEpsilonVanishesInFloat32) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 9, 1);
  const Dataset data = random_data(spec, 64);
  OptimizerConfig optimizer{.kind = OptimizerKind::kRmsprop};
  optimizer.epsilon = 1e-60;  // 0 / 0 in the padding
  const auto backend = started_backend(DeviceKind::kCpu, spec, data, optimizer);
  for (const double loss : run_steps(*backend, 0, data, 16, 0.01, 3)) EXPECT_TRUE(std::isfinite(loss));
  for (const double p : backend->export_state(0).parameters) EXPECT_TRUE(std::isfinite(p));
}

}  // namespace
}  // namespace slalom::testing
