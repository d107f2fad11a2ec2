// SPDX-License-Identifier: Apache-2.0
// The cost model: where the devices' strengths are beyond doubt it must see them, and it must grow with the work.
#include "core/cost_model.hpp"

#include <gtest/gtest.h>

namespace slalom::core {
namespace {

GpuSpeed big_gpu() {
  return {.name = "Big GPU", .multiprocessors = 132, .bytes_per_second = 3.3e12, .flops_per_second = 6e13};
}

Workload linear(std::int64_t n_rows, std::int64_t d, std::int64_t batch, std::int64_t epochs) {
  return {.n_rows = n_rows, .n_features = d, .batch_size = batch, .epochs = epochs};
}

TEST(CostModel, ATinyModelIsFasterInOneCoresCache) {
  const Workload tiny = linear(1000, 1, 1, 1000000);
  EXPECT_LT(cpu_cost(tiny, 1).step, 0.2e-6);
  EXPECT_GT(gpu_cost(tiny, 8, big_gpu()).step, 1e-6);
  EXPECT_FALSE(choose_device(tiny, 1, big_gpu()).gpu);
}

TEST(CostModel, AShortTrainingDoesNotPayForStartingADevice) {
  Workload wide = linear(100000, 512, 4096, 1);
  EXPECT_FALSE(choose_device(wide, 2, big_gpu()).gpu);
  wide.epochs = 100;
  EXPECT_TRUE(choose_device(wide, 2, big_gpu()).gpu);
}

TEST(CostModel, ASweepFillsADevice) {
  Workload sweep = linear(100000, 8, 64, 20);
  EXPECT_FALSE(choose_device(sweep, 8, big_gpu()).gpu);
  const double one = gpu_cost(sweep, 64, big_gpu()).step;
  sweep.n_members = 128;
  EXPECT_DOUBLE_EQ(gpu_cost(sweep, 64, big_gpu()).step, one);
  EXPECT_GT(gpu_cost(sweep, 8, big_gpu()).step, one) << "few threads cannot draw so many orders";
  EXPECT_DOUBLE_EQ(cpu_cost(sweep, 8).step, 16 * cpu_cost(linear(100000, 8, 64, 20), 8).step);
}

TEST(CostModel, ALargeNetworkBelongsOnADevice) {
  const Workload digits{
      .n_rows = 60000, .n_features = 784, .n_outputs = 10, .hidden = {256, 128}, .batch_size = 128, .epochs = 20};
  EXPECT_TRUE(choose_device(digits, 8, big_gpu()).gpu);
}

TEST(CostModel, GrowsWithTheWork) {
  for (const bool network : {false, true}) {
    Workload work = linear(10000, 16, 128, 10);
    if (network) work.hidden = {64};
    const auto expect_more = [&](Workload more) {
      EXPECT_GE(cpu_cost(more, 4).total, cpu_cost(work, 4).total);
      EXPECT_GE(gpu_cost(more, 8, big_gpu()).total, gpu_cost(work, 8, big_gpu()).total);
    };
    Workload more = work;
    more.n_rows *= 4;
    expect_more(more);
    more = work;
    more.n_features *= 16;
    expect_more(more);
    more = work;
    more.epochs *= 2;
    expect_more(more);
    more = work;
    more.n_members = 1000;
    expect_more(more);
    more = work;
    more.hidden.push_back(64);
    EXPECT_GE(cpu_cost(more, 4).total, cpu_cost(work, 4).total);
  }
}

TEST(CostModel, CountsStepsUpToTheLimit) {
  Workload work = linear(1000, 4, 0, 50);  // batch size all: a step an epoch
  EXPECT_DOUBLE_EQ(cpu_cost(work, 1).total, 50 * cpu_cost(work, 1).step);
  work.max_steps = 7;
  EXPECT_DOUBLE_EQ(cpu_cost(work, 1).total, 7 * cpu_cost(work, 1).step);
  work.batch_size = 5000;  // more than there is
  EXPECT_DOUBLE_EQ(cpu_cost(work, 1).total, 7 * cpu_cost(work, 1).step);
}

TEST(CostModel, SaysWhichAndWhyInOneLine) {
  // 0.1 us, 64 rows of 30 ns and 32 flops at 5 GFLOP/s (0.41 us), 9 parameters of 3 ns: 2.46 us, 15630 steps.
  EXPECT_EQ(choose_device(linear(100000, 8, 64, 10), 1, big_gpu()).reason,
            "cpu: 0.016 s expected on one core (1 us a step), 0.43 s expected on Big GPU (1.7 us a step, 0.4 s to "
            "start)");
  const std::string reason = choose_device(linear(1000000, 512, 65536, 1000), 16, big_gpu()).reason;
  EXPECT_EQ(reason.substr(0, 6), "cuda: ");
  EXPECT_NE(reason.find("expected on 16 cores"), std::string::npos) << reason;
  EXPECT_EQ(choose_device({.epochs = 0}, 1, big_gpu()).reason,
            "cpu: predictions alone do not pay for starting Big GPU");
}

}  // namespace
}  // namespace slalom::core
