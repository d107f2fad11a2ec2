// SPDX-License-Identifier: Apache-2.0
// A row-major matrix in device memory whose element type is known at run time.
#pragma once

#include <cstddef>
#include <cstdint>

namespace slalom::cuda {

/// What activations, weights and derivatives are stored as. Everything is computed in float32.
enum class Number { kFloat32, kBfloat16 };

[[nodiscard]] constexpr std::size_t size_of(Number number) noexcept { return number == Number::kFloat32 ? 4 : 2; }

/// Row i starts at element i * stride; strides are row_stride(columns) of dataset.hpp unless a user says otherwise.
struct DeviceMatrix {
  void* data = nullptr;
  std::int64_t stride = 0;
  Number number = Number::kFloat32;
};

}  // namespace slalom::cuda
