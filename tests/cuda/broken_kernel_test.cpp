// SPDX-License-Identifier: Apache-2.0
// The comparisons of the other tests notice a kernel with one broken line.
#include <sys/wait.h>

#include <cstdlib>
#include <limits>

#include "cuda/broken_block.cuh"
#include "cuda/device_test.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

using Launch = void (*)(const cuda::LinearBlockArguments&, cudaStream_t);

/// The linear engine with another block kernel.
class BrokenEngine : public cuda::LinearEngine {
 public:
  BrokenEngine(const ModelSpec& spec, const cuda::DeviceLimits& limits, Launch launch)
      : LinearEngine(spec, limits, 1), model_(cuda::linear_model(spec)), launch_(launch) {}

  void run(std::span<const cuda::MemberTask> tasks, const cuda::MemberTask* device_tasks,
           cudaStream_t stream) override {
    const cuda::RowsShape shape = cuda::rows_shape(model_);
    const cuda::MemberTask& task = tasks.front();
    launch_({.tasks = device_tasks,
             .n_members = 1,
             .model = model_,
             .shape = shape,
             .warps = task.plan.warps,
             .shared_bytes = cuda::rows_layout(model_, shape, task.plan.warps, task.rule.n_slots).bytes},
            stream);
  }

 private:
  cuda::LinearModel model_;
  Launch launch_;
};

const LinearCase kCase{.spec = linear_spec(LossKind::kMse, 7, 1), .n = 130, .batch = 60, .rate = 0.01};

std::unique_ptr<Backend> broken_backend(const ModelSpec& spec, const Dataset& data, Launch launch) {
  const cuda::DeviceLimits limits = limits_of(kBlockKernel, cuda::usable_device());
  return linear_backend(kBlockKernel, spec, data, kCase.optimizer,
                        std::make_unique<BrokenEngine>(spec, limits, launch));
}

std::string difference(Launch launch) {
  const Dataset data = random_data(kCase.spec, kCase.n, true);
  return difference_from_reference(*broken_backend(kCase.spec, data, launch), data, kCase);
}

/// Losses and flag of steps of which the second has an infinite target.
BlockResult run_into_infinity(Launch launch) {
  Dataset data = random_data(kCase.spec, 30);
  data.targets[15] = std::numeric_limits<float>::infinity();
  std::vector<std::uint32_t> rows(30);
  std::iota(rows.begin(), rows.end(), 0U);
  const std::vector<double> rates(3, 0.01);
  const StepBlock block{.rows = rows, .batch_size = 10, .learning_rates = rates};
  return broken_backend(kCase.spec, data, launch)->run({&block, 1})[0];
}

class BrokenKernel : public DeviceTest {};

TEST_F(BrokenKernel, TheCopyItselfWorks) {
  EXPECT_EQ(difference(launch_unbroken), "");
  EXPECT_EQ(run_into_infinity(launch_unbroken).first_non_finite, 1);
}
TEST_F(BrokenKernel, AWrongScaleIsNoticed) { EXPECT_NE(difference(launch_wrong_scale), ""); }
TEST_F(BrokenKernel, ALostWarpIsNoticed) { EXPECT_NE(difference(launch_lost_warp), ""); }
TEST_F(BrokenKernel, AnUncheckedGradientIsNoticed) {
  EXPECT_NE(run_into_infinity(launch_unchecked_gradient).first_non_finite, 1);
}

constexpr int kTries = 200;

int first_difference(Launch launch) {
  for (int i = 0; i < kTries; ++i) {
    if (!difference(launch).empty()) return 1;
  }
  return 0;
}

/// Races show on a device by timing, at one of many tries; a checker of races ends the process with a failure of its
/// own. So each runs in a process of its own, which must fail one way or the other.
void expect_failure(Launch launch) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const auto failed = [](int status) { return WIFEXITED(status) && WEXITSTATUS(status) != 0; };
  EXPECT_EXIT(std::exit(first_difference(launch)), failed, "");
}

using BrokenKernelDeathTest = BrokenKernel;
TEST_F(BrokenKernelDeathTest, AMissingBarrierIsNoticed) { expect_failure(launch_missing_barrier); }
TEST_F(BrokenKernelDeathTest, AMissingWaitIsNoticed) { expect_failure(launch_missing_wait); }
TEST_F(BrokenKernelDeathTest, TheCopyItselfDoesNotFail) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(difference(launch_unbroken).empty() ? 0 : 1), ::testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace slalom::testing
