// SPDX-License-Identifier: Apache-2.0
// Skips or fails device tests where there is no device.
#include "cuda/device_test.hpp"

#include <cstdlib>

#include "cuda/factory.hpp"

namespace slalom::testing {

void DeviceTest::SetUp() {
  const std::string reason = cuda::report_devices().unavailable;
  if (reason.empty()) return;
  if (std::getenv("SLALOM_REQUIRE_CUDA") != nullptr) FAIL() << "SLALOM_REQUIRE_CUDA is set, but " << reason;
  GTEST_SKIP() << reason;
}

}  // namespace slalom::testing
