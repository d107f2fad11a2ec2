// SPDX-License-Identifier: Apache-2.0
// The guard on a device: snapshots and detection there, and the numbers of a run at the lower rate.
#include "cuda/device_test.hpp"
#include "train/guarded_problem.hpp"

namespace slalom::testing {
namespace {

class DeviceGuard : public DeviceTest, public ::testing::WithParamInterface<GuardedCase> {};

TEST_P(DeviceGuard, MakesTheLowerRateOfIt) { expect_guard_makes_the_lower_rate_of_it(GetParam(), DeviceKind::kCuda); }

TEST_P(DeviceGuard, GoesBackAtTheStepAtWhichTheCpuDoes) {
  const GuardedRun here = train_guarded(GetParam(), DeviceKind::kCuda, {.factor = 0.125}, 0.125);
  const GuardedRun cpu = train_guarded(GetParam(), DeviceKind::kCpu, {.factor = 0.125}, 0.125);
  const auto& events = here.result.members.at(0).guard;
  const auto& expected = cpu.result.members.at(0).guard;
  ASSERT_EQ(events.size(), expected.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].trouble, expected[i].trouble);
    EXPECT_EQ(events[i].step, expected[i].step);
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, DeviceGuard, ::testing::ValuesIn(guarded_cases()),
                         [](const auto& case_of) { return case_of.param.name; });

}  // namespace
}  // namespace slalom::testing
