// SPDX-License-Identifier: Apache-2.0
// Launches contain every step once, in order, and no more than the budget allows.
#include "cuda/launch_cut.hpp"

#include <gtest/gtest.h>

#include "core/philox.hpp"
#include "core/step_blocks.hpp"

namespace slalom::testing {
namespace {

using core::steps_of;
using cuda::cut_into_launches;
using cuda::LaunchBudget;
using cuda::LaunchPart;
using cuda::LaunchParts;

class Blocks {
 public:
  void add(std::int64_t rows, std::int64_t batch_size) {
    static const std::vector<std::uint32_t> kRows(1000);
    blocks_.push_back({.rows = std::span(kRows).first(static_cast<std::size_t>(rows)), .batch_size = batch_size});
  }
  [[nodiscard]] std::span<const StepBlock> get() const { return blocks_; }

 private:
  std::vector<StepBlock> blocks_;
};

std::vector<std::int64_t> steps_in(const LaunchParts& parts) {
  std::vector<std::int64_t> steps;
  for (const LaunchPart& part : parts) steps.push_back(part.n_steps);
  return steps;
}

TEST(LaunchCut, OneLaunchWhereEverythingFits) {
  Blocks blocks;
  blocks.add(10, 4);
  blocks.add(0, 1);
  blocks.add(7, 7);
  const auto launches = cut_into_launches(blocks.get(), {.bytes = 1 << 20, .row_bytes = 4, .step_bytes = 72});
  ASSERT_EQ(launches.size(), 1U);
  EXPECT_EQ(steps_in(launches[0]), (std::vector<std::int64_t>{3, 0, 1}));
  EXPECT_EQ(launches[0][0].n_rows, 10);
}

TEST(LaunchCut, NothingToDoIsNoLaunch) {
  Blocks blocks;
  blocks.add(0, 1);
  EXPECT_TRUE(cut_into_launches(blocks.get(), {.bytes = 100, .row_bytes = 4, .step_bytes = 8}).empty());
}

TEST(LaunchCut, MembersAdvanceTogether) {
  Blocks blocks;
  blocks.add(40, 10);
  blocks.add(40, 10);
  blocks.add(20, 10);
  const auto launches = cut_into_launches(blocks.get(), {.bytes = 60, .row_bytes = 1, .step_bytes = 0});
  ASSERT_EQ(launches.size(), 2U);
  EXPECT_EQ(steps_in(launches[0]), (std::vector<std::int64_t>{2, 2, 2}));
  EXPECT_EQ(steps_in(launches[1]), (std::vector<std::int64_t>{2, 2, 0}));
}

TEST(LaunchCut, AStepLargerThanTheBudgetIsALaunch) {
  Blocks blocks;
  blocks.add(20, 10);
  blocks.add(4, 4);
  const LaunchBudget budget{.bytes = 5, .row_bytes = 1, .step_bytes = 0};
  EXPECT_EQ(largest_step_bytes(blocks.get(), budget), 10);
  const auto launches = cut_into_launches(blocks.get(), budget);
  ASSERT_EQ(launches.size(), 3U);
  EXPECT_EQ(steps_in(launches[0]), (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(steps_in(launches[1]), (std::vector<std::int64_t>{1, 0}));
  EXPECT_EQ(steps_in(launches[2]), (std::vector<std::int64_t>{0, 1}));
}

TEST(LaunchCut, RandomBlocksAreCutIntoWholeStepsWithinTheBudget) {
  core::PhiloxStream random(5, 0, core::RandomUse::kSynthetic, 1);
  for (int trial = 0; trial < 300; ++trial) {
    Blocks blocks;
    const std::uint32_t n_members = 1 + random.below(6);
    for (std::uint32_t m = 0; m < n_members; ++m) blocks.add(random.below(200), 1 + random.below(60));
    const LaunchBudget budget{
        .bytes = 100 + random.below(3000), .row_bytes = 1 + random.below(9), .step_bytes = random.below(80)};
    std::vector<std::int64_t> next_step(n_members, 0), next_row(n_members, 0);
    for (const LaunchParts& parts : cut_into_launches(blocks.get(), budget)) {
      std::int64_t bytes = 0, steps = 0;
      for (std::size_t m = 0; m < n_members; ++m) {
        const LaunchPart& part = parts[m];
        bytes += part.n_rows * budget.row_bytes + part.n_steps * budget.step_bytes;
        steps += part.n_steps;
        if (part.n_steps == 0) {
          EXPECT_EQ(part.n_rows, 0);
          continue;
        }
        ASSERT_EQ(part.first_step, next_step[m]);
        ASSERT_EQ(part.first_row, next_row[m]);
        next_step[m] += part.n_steps;
        next_row[m] += part.n_rows;
        const bool last = next_step[m] == steps_of(blocks.get()[m]);
        if (!last) {
          ASSERT_EQ(part.n_rows, part.n_steps * blocks.get()[m].batch_size);
        }
      }
      ASSERT_GT(steps, 0);
      ASSERT_TRUE(bytes <= budget.bytes || steps == 1) << bytes << " bytes of " << budget.bytes;
    }
    for (std::size_t m = 0; m < n_members; ++m) {
      EXPECT_EQ(next_step[m], steps_of(blocks.get()[m]));
      EXPECT_EQ(next_row[m], static_cast<std::int64_t>(blocks.get()[m].rows.size()));
    }
  }
}

}  // namespace
}  // namespace slalom::testing
