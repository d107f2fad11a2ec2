// SPDX-License-Identifier: Apache-2.0
// --device auto where there is a device: the cost model decides, and the reason says so.
#include <gmock/gmock.h>

#include "cuda/device_test.hpp"
#include "cuda/factory.hpp"
#include "cuda/linear_problem.hpp"

namespace slalom::testing {
namespace {

class AutoTest : public DeviceTest {
 protected:
  static std::unique_ptr<Backend> choose(std::int64_t epochs, std::string& reason) {
    static const ModelSpec kSpec = linear_spec(LossKind::kMse, 512, 1);
    static const Dataset kData = random_data(kSpec, 500);
    const MemberConfig member;
    const BackendOptions options{.threads = 1, .expected = {.batch_size = 0, .epochs = epochs}};
    return make_backend(DeviceKind::kAuto, kSpec, kData, {&member, 1}, options, &reason);
  }
};

TEST_F(AutoTest, TakesTheDeviceForLongTrainings) {
  std::string reason;
  EXPECT_EQ(choose(1000000, reason)->device(), DeviceKind::kCuda);
  EXPECT_THAT(reason, ::testing::StartsWith("cuda: "));
}

TEST_F(AutoTest, TakesTheCpuForShortTrainingsAndPredictions) {
  const std::string device = cuda::report_devices().usable.name;
  std::string reason;
  EXPECT_EQ(choose(1, reason)->device(), DeviceKind::kCpu);
  EXPECT_THAT(reason, ::testing::AllOf(::testing::StartsWith("cpu: "), ::testing::HasSubstr(device)));
  EXPECT_EQ(choose(0, reason)->device(), DeviceKind::kCpu);
  EXPECT_EQ(reason, "cpu: predictions alone do not pay for starting " + device);
}

TEST_F(AutoTest, KnowsTheDevicesSpeed) {
  const core::GpuSpeed speed = cuda::report_devices().usable;
  EXPECT_GT(speed.multiprocessors, 0);
  EXPECT_GT(speed.bytes_per_second, 1e10);
  EXPECT_GT(speed.flops_per_second, 1e11);
}

}  // namespace
}  // namespace slalom::testing
