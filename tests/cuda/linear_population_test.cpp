// SPDX-License-Identifier: Apache-2.0
// Linear models on the device: bits depend on nothing that they should not depend on, and bad steps stop their member
// alone.
#include <limits>
#include <numeric>

#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// A member with its own optimiser, rows, batch size and rates, all from its number.
struct Member {
  MemberConfig config;
  std::vector<std::uint32_t> rows;
  std::int64_t batch = 1;
  std::vector<double> rates;

  Member(std::size_t m, std::int64_t n_rows) {
    const auto& kinds = EnumNames<OptimizerKind>::kNames;
    OptimizerConfig& o = config.optimizer;
    o.kind = kinds[m % kinds.size()].first;
    o.convention = m / kinds.size() % 2 == 0 ? Convention::kPytorch : Convention::kKeras;
    o.l2 = m % 3 == 0 ? 0.01 : 0.0;
    o.l1 = m % 4 == 1 && o.kind != OptimizerKind::kLion ? 0.002 : 0.0;
    o.clip_norm = m % 5 == 2 ? 0.3 : 0.0;
    o.clip_value = m % 6 == 3 ? 0.05 : 0.0;
    config.stream = m;
    if (m % 7 == 6) return;  // rests
    const auto fold = static_cast<std::uint32_t>(m % 5);
    for (std::uint32_t row = 0; row < static_cast<std::uint32_t>(n_rows); ++row) {
      if (row % 5 != fold) rows.push_back(row);
    }
    std::rotate(rows.begin(), rows.begin() + static_cast<std::int64_t>(m % rows.size()), rows.end());
    batch = static_cast<std::int64_t>(m * 7 % 45 + 1);
    const std::size_t steps = (rows.size() + static_cast<std::size_t>(batch) - 1) / static_cast<std::size_t>(batch);
    for (std::size_t s = 0; s < steps; ++s) rates.push_back(0.01 / static_cast<double>(1 + s % (m % 3 + 1)));
  }
  [[nodiscard]] StepBlock block() const { return {.rows = rows, .batch_size = batch, .learning_rates = rates}; }
};

std::vector<Member> make_members(std::size_t count, std::int64_t n_rows) {
  std::vector<Member> members;
  for (std::size_t m = 0; m < count; ++m) members.emplace_back(m, n_rows);
  return members;
}

/// Two blocks of steps of all members together and of each alone.
void expect_members_equal_members_alone(const Kernel& kernel, const ModelSpec& spec, std::size_t count) {
  constexpr std::int64_t kRows = 33;
  const Dataset data = random_data(spec, kRows, true);
  const std::vector<Member> members = make_members(count, kRows);
  std::vector<MemberConfig> configs;
  std::vector<StepBlock> blocks;
  for (const Member& member : members) {
    configs.push_back(member.config);
    blocks.push_back(member.block());
  }
  const auto together = linear_backend(kernel, spec, data, configs);
  const auto first = together->run(blocks);
  const auto second = together->run(blocks);
  for (std::size_t m = 0; m < count; ++m) {
    SCOPED_TRACE(std::string(kernel.name) + " member " + std::to_string(m));
    const auto alone = linear_backend(kernel, spec, data, {&configs[m], 1});
    EXPECT_EQ(first[m].losses, alone->run({&blocks[m], 1})[0].losses);
    EXPECT_EQ(second[m].losses, alone->run({&blocks[m], 1})[0].losses);
    EXPECT_EQ(first[m].first_non_finite, -1);
    EXPECT_EQ(first[m].losses.size(), members[m].rates.size());
    expect_same_state(together->export_state(static_cast<std::int64_t>(m)), alone->export_state(0));
    if (::testing::Test::HasFailure()) return;
  }
}

class LinearPopulation : public DeviceTest {};

TEST_F(LinearPopulation, MembersEqualMembersAlone) {
  expect_members_equal_members_alone(kBlockKernel, linear_spec(LossKind::kMse, 7, 1), 256);
  expect_members_equal_members_alone(kBlockKernel, linear_spec(LossKind::kCrossEntropy, 20, 5), 60);
  expect_members_equal_members_alone(kGridKernel, linear_spec(LossKind::kBce, 100, 1), 30);
  expect_members_equal_members_alone(kTilesKernel, linear_spec(LossKind::kCrossEntropy, 40, 18), 14);
}

/// Every kernel and some model for it, with a last short batch and several passes a step.
struct Setting {
  Kernel kernel;
  ModelSpec spec;
};
std::vector<Setting> settings() {
  return {
      {kBlockKernel, linear_spec(LossKind::kMse, 9, 1)},           {kBlockKernel, linear_spec(LossKind::kMse, 120, 1)},
      {kBlockKernel, linear_spec(LossKind::kCrossEntropy, 12, 4)}, {kGridKernel, linear_spec(LossKind::kHuber, 20, 1)},
      {kGridKernel, linear_spec(LossKind::kCrossEntropy, 30, 7)},  {kTilesKernel, linear_spec(LossKind::kMse, 50, 1)},
      {kTilesKernel, linear_spec(LossKind::kCrossEntropy, 20, 20)}};
}

TEST_F(LinearPopulation, BitsDoNotDependOnTheRunOrOnHowStepsAreCut) {
  for (const auto& [kernel, spec] : settings()) {
    SCOPED_TRACE(kernel.name);
    const Dataset data = random_data(spec, 107, true);
    const auto run = [&](std::int64_t block_steps) {
      const auto backend = linear_backend(kernel, spec, data, {.kind = OptimizerKind::kNadam, .l1 = 0.001});
      const auto losses = run_steps(*backend, 0, data, 20, 0.01, 2, block_steps);
      return std::pair{losses, backend->export_state(0)};
    };
    const auto [losses, state] = run(1000);
    for (const std::int64_t block_steps : {1000, 1, 4}) {
      const auto [other_losses, other_state] = run(block_steps);
      EXPECT_EQ(losses, other_losses) << block_steps;
      expect_same_state(state, other_state);
    }
  }
}

TEST_F(LinearPopulation, GoesOnFromAnExportedState) {
  for (const auto& [kernel, spec] : settings()) {
    for (const auto& [kind, name] : EnumNames<OptimizerKind>::kNames) {
      SCOPED_TRACE(std::string(kernel.name) + " " + std::string(name));
      const Dataset data = random_data(spec, 30);
      const OptimizerConfig optimizer{.kind = kind};
      const auto whole = linear_backend(kernel, spec, data, optimizer);
      run_steps(*whole, 0, data, 8, 0.01, 1);
      const MemberState middle = whole->export_state(0);
      run_steps(*whole, 0, data, 8, 0.01, 1);
      const auto resumed = linear_backend(kernel, spec, data, optimizer);
      resumed->import_state(0, middle);
      run_steps(*resumed, 0, data, 8, 0.01, 1);
      expect_same_state(whole->export_state(0), resumed->export_state(0));
    }
  }
}

/// Member 1 of three meets a bad row in step 3; the others must not notice.
void expect_stop(const Kernel& kernel, const ModelSpec& spec, const Dataset& data, const char* what) {
  SCOPED_TRACE(std::string(kernel.name) + " " + what);
  std::vector<MemberConfig> configs(3);
  for (MemberConfig& config : configs) config.optimizer.kind = OptimizerKind::kAdam;
  std::vector<std::uint32_t> good(24);
  std::iota(good.begin(), good.end(), 0U);
  std::vector<std::uint32_t> bad = good;
  bad[13] = 24;  // batches of 4
  const std::vector<double> rates(6, 0.01);
  const StepBlock good_block{.rows = good, .batch_size = 4, .learning_rates = rates};
  const std::vector<StepBlock> blocks{good_block, {.rows = bad, .batch_size = 4, .learning_rates = rates}, good_block};
  const auto backend = linear_backend(kernel, spec, data, configs);
  const auto results = backend->run(blocks);
  EXPECT_EQ(results[0].first_non_finite, -1);
  EXPECT_EQ(results[1].first_non_finite, 3);
  EXPECT_EQ(results[1].losses.size(), 4U);
  EXPECT_EQ(results[0].losses, results[2].losses);
  EXPECT_EQ(results[0].losses.size(), 6U);
  expect_same_state(backend->export_state(0), backend->export_state(2));
  const auto three = linear_backend(kernel, spec, data, {&configs[1], 1});
  const StepBlock first_three{
      .rows = std::span(bad).first(12), .batch_size = 4, .learning_rates = std::span(rates).first(3)};
  const auto before = three->run({&first_three, 1});
  expect_same_state(backend->export_state(1), three->export_state(0));
  EXPECT_TRUE(std::equal(before[0].losses.begin(), before[0].losses.end(), results[1].losses.begin()));
}

TEST_F(LinearPopulation, StopsAtTheFirstStepThatIsNotFinite) {
  for (const Kernel& kernel : kKernels) {
    for (const auto& [d, outputs] : {std::pair{3, 1}, {90, 1}, {20, 3}}) {
      {
        const ModelSpec spec = linear_spec(LossKind::kMse, d, outputs);
        const Dataset fine = random_data(spec, 25);
        const auto row = static_cast<std::size_t>(24 * row_stride(d));
        const auto target = static_cast<std::size_t>(24 * outputs);
        Dataset infinite_target = fine;
        infinite_target.targets[target] = static_cast<float>(kInfinity);
        expect_stop(kernel, spec, infinite_target, "infinite target");
        Dataset feature = fine;
        feature.features[row + 1] = std::numeric_limits<float>::quiet_NaN();
        expect_stop(kernel, spec, feature, "feature that is not a number");
        Dataset overflow = fine;  // the loss is a float64 number, its derivative not a float32 one
        overflow.weights.assign(25, 1.0F);
        overflow.weights[24] = 3e38F;
        overflow.targets[target] = 1e5F;
        expect_stop(kernel, spec, overflow, "gradient overflow");
      }
    }
  }
}

TEST_F(LinearPopulation, RestoresASnapshot) {
  const ModelSpec spec = linear_spec(LossKind::kMse, 5, 1);
  const Dataset data = random_data(spec, 40);
  const auto backend = linear_backend(kBlockKernel, spec, data, {.kind = OptimizerKind::kAdam});
  expect_restores_snapshot(*backend, data, 8, 0.01);
}

}  // namespace
}  // namespace slalom::testing
