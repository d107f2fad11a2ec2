// SPDX-License-Identifier: Apache-2.0
// Broken copies of the small-network kernel do not pass for the intact one: the other tests can fail.
#include <sys/wait.h>

#include <cstdlib>
#include <functional>

#include "cuda/cuda_backend.hpp"
#include "cuda/device_dataset.hpp"
#include "cuda/device_test.hpp"
#include "cuda/network_problem.hpp"
#include "cuda/population.hpp"
#include "small_network.cuh"

namespace slalom::cuda {
void launch_small_train_lost_lanes(const SmallTrainArguments& arguments, cudaStream_t stream);
void launch_small_train_no_barrier(const SmallTrainArguments& arguments, cudaStream_t stream);
}  // namespace slalom::cuda

namespace slalom::testing {
namespace {

class SmallBrokenTest : public DeviceTest {};

using Launch = std::function<void(const cuda::SmallTrainArguments&, cudaStream_t)>;

/// Parameters after three steps by `launch`.
std::vector<double> train_by(const Launch& launch) {
  NetworkProblem p;
  p.spec.hidden = {40, 40};
  const Dataset data = random_data(p.spec, 96);
  const cuda::DeviceInfo device = cuda::usable_device();
  const cuda::Stream stream = cuda::make_stream();
  const cuda::DeviceDataset on_device(data, stream.get());
  const ParameterLayout layout(p.spec);
  const MemberConfig member{.optimizer = {.kind = OptimizerKind::kSgd}};
  cuda::Population population(layout, {&member, 1}, stream.get());
  population.import_state(0, network_start(p.spec));
  std::vector<core::StepConstants<float>> constants(3);
  for (auto& step : constants) step = core::round_to<float>(population.clock(0).advance(0.01));
  const DeviceArray<core::StepConstants<float>> device_constants(constants);
  const DeviceArray<double> losses(std::vector<double>(3));
  const DeviceArray<std::int32_t> flag({-1});
  const DeviceArray<cuda::MemberTask> tasks({{.data = on_device.view(),
                                              .n_rows = data.n_rows,
                                              .batch_size = 32,
                                              .parameters = population.parameters(0),
                                              .state = population.state(0),
                                              .constants = device_constants.get(),
                                              .losses = losses.get(),
                                              .first_non_finite = flag.get(),
                                              .rule = population.rule(0)}});
  const auto shared = static_cast<int>(device.shared_bytes_per_block);
  const cuda::SmallNetwork network = cuda::small_network(p.spec).value();
  const cuda::SmallPlan plan = cuda::small_plan(network, 32, 0, shared);
  launch({.network = network,
          .tasks = tasks.get(),
          .n_members = 1,
          .shared_limit = shared,
          .warps = plan.warps,
          .shared_bytes = plan.bytes()},
         stream.get());
  SLALOM_CHECK(cudaStreamSynchronize(stream.get()));
  return population.export_state(0).parameters;
}

bool close(const std::vector<double>& actual, const std::vector<double>& expected) {
  return std::equal(actual.begin(), actual.end(), expected.begin(), expected.end(),
                    [](double a, double b) { return std::fabs(a - b) <= 2e-5 * (1.0 + std::fabs(b)); });
}

TEST_F(SmallBrokenTest, TheIntactKernelRepeatsItself) {
  EXPECT_EQ(train_by(cuda::launch_small_train), train_by(cuda::launch_small_train));
}

TEST_F(SmallBrokenTest, LostLanesAreNoticed) {
  EXPECT_FALSE(close(train_by(cuda::launch_small_train_lost_lanes), train_by(cuda::launch_small_train)));
}

/// A checker of races ends the process with a failure of its own; without one, values differ. So each runs in a process
/// of its own, which must fail one way or the other.
void expect_exit(const Launch& launch, const std::function<bool(int)>& expected) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(std::exit(close(train_by(launch), train_by(cuda::launch_small_train)) ? 0 : 1), expected, "");
}

using SmallBrokenDeathTest = SmallBrokenTest;
TEST_F(SmallBrokenDeathTest, MissingBarriersAreNoticed) {
  expect_exit(cuda::launch_small_train_no_barrier,
              [](int status) { return WIFEXITED(status) && WEXITSTATUS(status) != 0; });
}
TEST_F(SmallBrokenDeathTest, TheIntactKernelDoesNotFail) {
  expect_exit(cuda::launch_small_train, ::testing::ExitedWithCode(0));
}

}  // namespace
}  // namespace slalom::testing
