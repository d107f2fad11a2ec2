// SPDX-License-Identifier: Apache-2.0
// Brings a member to the fixed memory that graphs of steps work on, and the result back.
#pragma once

#include <array>

#include <cuda_runtime_api.h>

#include "product_layout.hpp"
#include "step_control.hpp"

namespace slalom::cuda {

struct MemberLoadArguments {
  const MemberTask* task = nullptr;  ///< in device memory
  StepControl* control = nullptr;    ///< gets the task and starts at step 0
  std::int64_t n_total = 0;          ///< parameters, buffers included; a multiple of 8
  std::int64_t n_trainable = 0;
  float* parameters = nullptr;              ///< [n_total], written
  const ProductTensor* products = nullptr;  ///< in device memory: ProductLayout::tensors; null: the arena's layout
  void* half_parameters = nullptr;          ///< null, or: in bfloat16 and the products' layout, written
};
void launch_member_load(const MemberLoadArguments& arguments, cudaStream_t stream);

struct MemberStoreArguments {
  const StepControl* control = nullptr;
  std::int64_t n_steps = 0;  ///< that were launched
  std::int64_t n_total = 0, n_trainable = 0;
  std::array<const float*, 2> parameters{};  ///< after an even and an odd number of steps
  const float* odd_state = nullptr;          ///< state after an odd number; after an even one it is the task's own
};
/// Copies the values after the last step that counted to the task's parameters and state.
void launch_member_store(const MemberStoreArguments& arguments, cudaStream_t stream);

struct HalfCopyArguments {
  const float* values = nullptr;            ///< the arena
  std::int64_t count = 0;                   ///< a multiple of 4
  const ProductTensor* products = nullptr;  ///< as in MemberLoadArguments
  void* halves = nullptr;                   ///< bfloat16, in the products' layout
};
/// Rounds to bfloat16. Nothing is written between the rows that the products' layout pads.
void launch_half_copy(const HalfCopyArguments& arguments, cudaStream_t stream);

}  // namespace slalom::cuda
