// SPDX-License-Identifier: Apache-2.0
// A task and its slot in device memory, for tests of the kernels that read them.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include <slalom/dataset.hpp>

#include "core/philox.hpp"
#include "cuda/device_dataset.hpp"
#include "cuda/device_test.hpp"
#include "matrix.hpp"
#include "step_control.hpp"

namespace slalom::testing {

/// Losses, flag and control of a task of `n_steps` steps; other pointers of the task are the test's.
class StepRig {
 public:
  StepRig(cuda::MemberTask task, std::int64_t n_steps)
      : losses_(std::vector<double>(static_cast<std::size_t>(n_steps), -1.0)),
        flag_(std::vector<std::int32_t>{-1}),
        control_(std::vector<cuda::StepControl>(1)) {
    task.losses = losses_.get();
    task.first_non_finite = flag_.get();
    host_.task = task;
    host_.active = 1;
    put(host_);
  }
  [[nodiscard]] cuda::StepControl* control() const { return control_.get(); }
  [[nodiscard]] cuda::StepControl read() const { return control_.to_host()[0]; }
  [[nodiscard]] std::vector<double> losses() const { return losses_.to_host(); }
  [[nodiscard]] std::int32_t flag() const { return flag_.to_host()[0]; }
  /// As if `step` steps were done and the loss of this one was finite.
  void start_step(std::int64_t step) {
    host_.step = host_.update_step = step;
    put(host_);
  }

 private:
  void put(const cuda::StepControl& value) const {
    SLALOM_CHECK(cudaDeviceSynchronize());
    SLALOM_CHECK(cudaMemcpy(control_.get(), &value, sizeof value, cudaMemcpyHostToDevice));
    SLALOM_CHECK(cudaDeviceSynchronize());
  }

  DeviceArray<double> losses_;
  DeviceArray<std::int32_t> flag_;
  DeviceArray<cuda::StepControl> control_;
  cuda::StepControl host_;
};

/// Numbers that look random: in (-1, 1), the same for the same seed.
inline std::vector<float> random_floats(std::int64_t count, std::uint64_t seed) {
  core::PhiloxStream random(seed, 0, core::RandomUse::kSynthetic, 2);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(2.0 * random.uniform() - 1.0);
  return values;
}

inline float to_float(float value) { return value; }
/// bfloat16 bits.
inline float to_float(std::uint16_t bits) {
  const std::uint32_t wide = static_cast<std::uint32_t>(bits) << 16U;
  float value = 0.0F;
  std::memcpy(&value, &wide, sizeof value);
  return value;
}

/// Calls test.operator()<T>(number) for float and for the bits of bfloat16.
template <class Test>
void for_each_number(Test&& test) {
  {
    SCOPED_TRACE("float32");
    test.template operator()<float>(cuda::Number::kFloat32);
  }
  SCOPED_TRACE("bfloat16");
  test.template operator()<std::uint16_t>(cuda::Number::kBfloat16);
}

/// Whether a stored number is within `tolerance` (relative to 1 + |expected|) plus the rounding of its type.
template <class T>
::testing::AssertionResult is_near(T stored, double expected, double tolerance) {
  const auto actual = static_cast<double>(to_float(stored));
  const double rounding = sizeof(T) == 2 ? std::fabs(expected) / 256.0 : 0.0;  // bfloat16 has 8 bits
  const double error = std::fabs(actual - expected);
  if (error <= tolerance * (1.0 + std::fabs(expected)) + rounding) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "found " << actual << ", expected " << expected << ", error " << error;
}

}  // namespace slalom::testing
