// SPDX-License-Identifier: Apache-2.0
// Small networks give the same bits whatever is trained beside them, however steps are cut, and after a restart.
#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"

namespace slalom::testing {
namespace {

class SmallPopulationTest : public DeviceTest {};

NetworkProblem busy_problem() {
  NetworkProblem p = small_problem();
  p.spec.hidden = {9, 6};
  p.spec.n_outputs = 2;
  p.spec.activation = Activation::kGelu;
  p.spec.batch_norm = true;
  p.spec.dropout = 0.3;
  p.optimizer = {.kind = OptimizerKind::kAdam, .l1 = 1e-3, .l2 = 1e-3, .clip_norm = 1.0};
  p.n_rows = 41;
  return p;
}

/// Members differ in everything a population may differ in.
MemberConfig member_config(std::int64_t m) {
  constexpr auto& kKinds = EnumNames<OptimizerKind>::kNames;
  MemberConfig config;
  config.optimizer.kind = kKinds[static_cast<std::size_t>(m) % kKinds.size()].first;
  if (m % 5 == 0) config.optimizer.clip_norm = 0.1;
  config.seed = static_cast<std::uint64_t>(3 + m % 2);
  config.stream = static_cast<std::uint64_t>(m);
  return config;
}
std::int64_t member_batch(std::int64_t m) { return 1 + m * 7 % 40; }

/// Two calls of run for the members `first` to `last` of a population; a member that `rests` has no rows in the first.
std::vector<MemberState> train_members(const NetworkProblem& p, const Dataset& data, std::int64_t first,
                                       std::int64_t last) {
  std::vector<MemberConfig> configs;
  for (std::int64_t m = first; m < last; ++m) configs.push_back(member_config(m));
  const auto backend = make_backend(DeviceKind::kCuda, p.spec, data, configs);
  for (std::int64_t m = first; m < last; ++m) backend->import_state(m - first, network_start(p.spec));
  std::vector<std::uint32_t> rows;
  for (std::int64_t i = 0; i < p.n_rows; ++i) rows.push_back(static_cast<std::uint32_t>(i * 17 % p.n_rows));
  const std::vector<double> rates(rows.size(), 0.003);
  for (int call = 0; call < 2; ++call) {
    std::vector<StepBlock> blocks;
    for (std::int64_t m = first; m < last; ++m) {
      const bool rests = call == 0 && m % 4 == 1;
      const auto skipped = static_cast<std::size_t>(m % 11);  // another order and number of rows for each
      const std::span<const std::uint32_t> mine =
          rests ? std::span<const std::uint32_t>() : std::span(rows).subspan(skipped);
      const auto batch = static_cast<std::size_t>(member_batch(m));
      blocks.push_back({.rows = mine,
                        .batch_size = member_batch(m),
                        .learning_rates = std::span(rates).first((mine.size() + batch - 1) / batch)});
    }
    for (const BlockResult& result : backend->run(blocks)) EXPECT_EQ(result.first_non_finite, -1);
  }
  std::vector<MemberState> states;
  for (std::int64_t m = first; m < last; ++m) states.push_back(backend->export_state(m - first));
  return states;
}

TEST_F(SmallPopulationTest, AMemberOfAPopulationEqualsTheMemberAlone) {
  constexpr std::int64_t kMembers = 64;
  const NetworkProblem p = busy_problem();
  const Dataset data = random_data(p.spec, p.n_rows, true);
  const std::vector<MemberState> together = train_members(p, data, 0, kMembers);
  for (std::int64_t m = 0; m < kMembers; ++m) {
    SCOPED_TRACE("member " + std::to_string(m));
    expect_same_state(together[static_cast<std::size_t>(m)], train_members(p, data, m, m + 1)[0]);
  }
}

TEST_F(SmallPopulationTest, BitsDoNotDependOnTheRunOrTheBlocks) {
  for (const bool tiles : {false, true}) {
    NetworkProblem p = busy_problem();
    if (tiles) {  // batches of several tiles
      p.spec.batch_norm = false;
      p.n_rows = 310;
      p.batch = 150;
    }
    const Dataset data = random_data(p.spec, p.n_rows, true);
    const NetworkRun once = train_network(p, data, DeviceKind::kCuda);
    for (const std::int64_t block_steps : {1 << 20, 1, 2}) {
      SCOPED_TRACE(std::to_string(block_steps) + " steps a block");
      const NetworkRun again = train_network(p, data, DeviceKind::kCuda, block_steps);
      EXPECT_EQ(again.losses, once.losses);
      EXPECT_EQ(again.outputs, once.outputs);
      expect_same_state(again.state, once.state);
    }
  }
}

TEST_F(SmallPopulationTest, GoesOnBitIdenticallyFromAnExportedState) {
  NetworkProblem p = busy_problem();
  const Dataset data = random_data(p.spec, p.n_rows, true);
  for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
    SCOPED_TRACE(name);
    const auto whole = started_backend(DeviceKind::kCuda, p.spec, data, {.kind = kind});
    run_steps(*whole, 0, data, p.batch, p.rate, 1);
    const MemberState middle = whole->export_state(0);
    run_steps(*whole, 0, data, p.batch, p.rate, 1);
    const auto resumed = started_backend(DeviceKind::kCuda, p.spec, data, {.kind = kind});
    resumed->import_state(0, middle);
    run_steps(*resumed, 0, data, p.batch, p.rate, 1);
    expect_same_state(resumed->export_state(0), whole->export_state(0));
  }
}

TEST_F(SmallPopulationTest, RestoresASnapshot) {
  const NetworkProblem p = busy_problem();
  const Dataset data = random_data(p.spec, p.n_rows, true);
  const auto backend = started_backend(DeviceKind::kCuda, p.spec, data, p.optimizer);
  expect_restores_snapshot(*backend, data, p.batch, p.rate);
}

TEST_F(SmallPopulationTest, PaddingStaysZero) {
  const NetworkProblem p = busy_problem();
  const Dataset data = random_data(p.spec, p.n_rows, true);
  const MemberState state = train_network(p, data, DeviceKind::kCuda).state;
  const ParameterLayout layout(p.spec);
  std::vector<bool> used(static_cast<std::size_t>(layout.n_total), false);
  for (const TensorView& tensor : layout.tensors) {
    for (std::int64_t i = 0; i < tensor.size(); ++i) used[static_cast<std::size_t>(tensor.offset + i)] = true;
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) continue;
    EXPECT_EQ(state.parameters[i], 0.0) << "parameter " << i;
  }
}

}  // namespace
}  // namespace slalom::testing
