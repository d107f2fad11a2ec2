// SPDX-License-Identifier: Apache-2.0
// Brings a member to the fixed memory that graphs of steps work on, and the result back.
#include "member_copy.cuh"

#include <algorithm>

#include "cuda/check.hpp"
#include "device/product_place.cuh"

namespace slalom::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 1056;  // 8 blocks on each of 132 multiprocessors; more values: more turns

unsigned blocks_for(std::int64_t quads) {
  return static_cast<unsigned>(std::clamp<std::int64_t>((quads + kThreads - 1) / kThreads, 1, kMostBlocks));
}

/// Calls visit(quad) for this thread's quads of `count` values.
template <class Visitor>
__device__ void for_each_quad(std::int64_t count, Visitor&& visit) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < count / 4; i += stride) {
    visit(i);
  }
}

__device__ void copy(const float* from, float* to, std::int64_t count) {
  for_each_quad(count, [&](std::int64_t i) { store_whole(to, i, load_quad(from, i, count, true)); });
}

__device__ void round(const float* from, const ProductTensor* products, void* to, std::int64_t count) {
  ProductFinder finder(products);
  for_each_quad(count, [&](std::int64_t i) {
    store_quad(static_cast<__nv_bfloat16*>(to), finder.find(i), load_quad(from, i, count, true));
  });
}

// All three: computes copies; a thread moves four neighbours a turn, consecutive threads consecutive quads: whole
// sectors. Nothing is ordered: no two threads touch the same place. Bound by memory. Test:
// tests/cuda/network_kernels_test.cpp.
__global__ void __launch_bounds__(kThreads) member_load_kernel(const MemberLoadArguments a) {
  if (blockIdx.x == 0 && threadIdx.x == 0) *a.control = StepControl{.task = *a.task, .active = 1};
  copy(a.task->parameters, a.parameters, a.n_total);
  if (a.half_parameters != nullptr) round(a.task->parameters, a.products, a.half_parameters, a.n_trainable);
}

__global__ void __launch_bounds__(kThreads) member_store_kernel(const MemberStoreArguments a) {
  const MemberTask& task = a.control->task;
  const std::int32_t bad = *task.first_non_finite;
  const bool odd = (bad >= 0 ? bad : a.n_steps) % 2 == 1;
  copy(odd ? a.parameters[1] : a.parameters[0], task.parameters, a.n_total);
  if (odd) copy(a.odd_state, task.state, task.rule.n_slots * a.n_trainable);
}

__global__ void __launch_bounds__(kThreads) half_copy_kernel(const HalfCopyArguments a) {
  round(a.values, a.products, a.halves, a.count);
}

}  // namespace

void launch_member_load(const MemberLoadArguments& arguments, cudaStream_t stream) {
  member_load_kernel<<<blocks_for(arguments.n_total / 4), kThreads, 0, stream>>>(arguments);
  SLALOM_CHECK_LAUNCH(member_load_kernel);
}

void launch_member_store(const MemberStoreArguments& arguments, cudaStream_t stream) {
  member_store_kernel<<<blocks_for(arguments.n_total / 4), kThreads, 0, stream>>>(arguments);
  SLALOM_CHECK_LAUNCH(member_store_kernel);
}

void launch_half_copy(const HalfCopyArguments& arguments, cudaStream_t stream) {
  if (arguments.count == 0) return;
  half_copy_kernel<<<blocks_for(arguments.count / 4), kThreads, 0, stream>>>(arguments);
  SLALOM_CHECK_LAUNCH(half_copy_kernel);
}

}  // namespace slalom::cuda
