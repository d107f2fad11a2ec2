// SPDX-License-Identifier: Apache-2.0
// One optimiser step over the whole parameter arena, in one launch; the gradient's norm, in one before it.
#include "optimizer.cuh"

#include <algorithm>

#include "core/clip.hpp"
#include "cuda/check.hpp"
#include "device/block_sum.cuh"
#include "device/product_place.cuh"

namespace slalom::cuda {
namespace {

constexpr int kThreads = 256;
constexpr std::int64_t kMostBlocks = 1056;  // 8 blocks on each of 132 multiprocessors; more parameters: more turns
static_assert(kMostNormBlocks <= kThreads, "every partial sum gets a thread");

constexpr int kConstants = sizeof(core::StepConstants<float>) / sizeof(float);

unsigned blocks_for(std::int64_t quads, std::int64_t most) {
  return static_cast<unsigned>(std::min((quads + kThreads - 1) / kThreads, most));
}

/// How many partial sums the norm of n values has: a function of the size alone.
unsigned norm_blocks(std::int64_t n) { return blocks_for(n / 4, kMostNormBlocks); }

/// The state's slots before and after the step.
struct StatePointers {
  const float* now = nullptr;
  float* next = nullptr;
};

/// What the gradient is multiplied by, from the sums of squares of launch_gradient_norm; the same in every thread.
__device__ float norm_factor(const OptimizerArguments& a, double clip_norm, unsigned n_partials) {
  if (a.norm_partials == nullptr) return 1.0F;
  const double sum = block_sum<kThreads>(threadIdx.x < n_partials ? a.norm_partials[threadIdx.x] : 0.0);
  return core::clip_by_norm_factor<float>(sum, clip_norm);
}

/// Updates this thread's quads of the arena.
template <core::Rule kRule>
__device__ void update_arena(const OptimizerArguments& a, const DeviceRule& rule, const StatePointers& state,
                             const core::StepConstants<float>& constants, float factor) {
  const std::int64_t quads = a.n_trainable / 4;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kThreads;
  ProductFinder products(a.products);
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < quads; i += stride) {
    const ProductPlace place = products.find(i);
    const Quad g = load_quad(a.gradient, place);
    Quad w = load_quad(a.parameters, i, a.n_trainable, true);
    Quad slots[core::kMaxSlots];
#pragma unroll
    for (int s = 0; s < core::kMaxSlots; ++s) {
      if (s < rule.n_slots) slots[s] = load_quad(state.now + s * a.n_trainable, i, a.n_trainable, true);
    }
    const core::StepConstants<float> c = 4 * i < a.n_weights ? constants : core::without_penalty(constants);
    bool finite = true;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      finite = finite && isfinite(g.v[k]) && isfinite(w.v[k]);
      const float clipped = core::clip_by_value(g.v[k], rule.clip_value) * factor;
      float values[core::kMaxSlots] = {slots[0].v[k], slots[1].v[k], slots[2].v[k]};
      w.v[k] = core::update<kRule>(w.v[k], clipped, values, c, rule.flags);
#pragma unroll
      for (int s = 0; s < core::kMaxSlots; ++s) slots[s].v[k] = values[s];
    }
    if (!finite) atomicCAS(a.control->task.first_non_finite, -1, static_cast<std::int32_t>(a.control->update_step));
    store_whole(a.next_parameters, i, w);
#pragma unroll
    for (int s = 0; s < core::kMaxSlots; ++s) {
      if (s < rule.n_slots) store_whole(state.next + s * a.n_trainable, i, slots[s]);
    }
    if (a.half_parameters != nullptr) store_quad(static_cast<__nv_bfloat16*>(a.half_parameters), place, w);
  }
}

// Computes   for every parameter: g clipped by value, times min(1, limit / |g|), then w and its slots by core::update
//            with the constants of this step (penalties only on weights). Reads one copy and writes the other: see
//            OptimizerArguments. A gradient or parameter that is not finite sets the flag; then the copy that was read is
//            the result. Parameters, because a fused ReLU may turn their NaN into 0: then loss and gradient are finite.
// Work split a thread takes four neighbours of the arena a turn (every boundary in it is a multiple of 8); the rule is
//            a branch that all threads of the device take alike.
// Memory     float4 everywhere, consecutive threads consecutive quads: each array is read or written once, whole
//            sectors. Where products pad rows of weights, their gradient and bfloat16 copy are read and written value
//            by value. The constants go through shared memory. Registers: docs/kernels.md; no spills.
// Order      none: no two threads touch the same parameter. The norm's partial sums are added pairwise (block_sum), by
//            every block alike. Nobody in the grid reads `step`, which one thread advances.
// Bound by   memory: 3 + 2 slots floats a parameter (Adam: reads w, g, m, v, writes w, m, v), 2 bytes more with bfloat16.
// Test       tests/cuda/optimizer_kernel_test.cpp
__global__ void __launch_bounds__(kThreads) optimizer_kernel(const OptimizerArguments a, unsigned n_partials) {
  __shared__ core::StepConstants<float> constants;
  const MemberTask& task = a.control->task;
  const std::int64_t step = a.control->update_step;
  if (blockIdx.x == 0 && threadIdx.x == 0) a.control->step = step + 1;
  if (a.control->active == 0) return;
  if (threadIdx.x < kConstants) {
    reinterpret_cast<float*>(&constants)[threadIdx.x] =
        reinterpret_cast<const float*>(task.constants + step)[threadIdx.x];
  }
  __syncthreads();
  const DeviceRule rule = task.rule;
  const float factor = norm_factor(a, rule.clip_norm, n_partials);
  const StatePointers state{.now = a.state != nullptr ? a.state : task.state,
                            .next = a.next_state != nullptr ? a.next_state : task.state};
  core::with_rule(rule.rule, [&]<core::Rule kRule>() { update_arena<kRule>(a, rule, state, constants, factor); });
}

// Computes   partial sums of the squares of the gradient, clipped by value, in float64.
// Work split a thread takes four neighbours a turn, the grid (at most 256 blocks, by the size alone) goes over the arena.
// Memory     float4, consecutive threads consecutive quads.
// Order      a thread adds its values in order, the block pairwise (block_sum): fixed.
// Bound by   memory: one float read a parameter.
// Test       tests/cuda/optimizer_kernel_test.cpp
__global__ void __launch_bounds__(kThreads) gradient_norm_kernel(const GradientNormArguments a) {
  const float limit = a.control->task.rule.clip_value;
  const std::int64_t quads = a.n_trainable / 4;
  double sum = 0.0;
  ProductFinder products(a.products);
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < quads;
       i += static_cast<std::int64_t>(gridDim.x) * kThreads) {
    const Quad g = load_quad(a.gradient, products.find(i));
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      const auto value = static_cast<double>(core::clip_by_value(g.v[k], limit));
      sum += value * value;
    }
  }
  sum = block_sum<kThreads>(sum);
  if (threadIdx.x == 0) a.partials[blockIdx.x] = sum;
}

}  // namespace

void launch_optimizer(const OptimizerArguments& arguments, cudaStream_t stream) {
  const unsigned blocks = std::max(1U, blocks_for(arguments.n_trainable / 4, kMostBlocks));
  optimizer_kernel<<<blocks, kThreads, 0, stream>>>(arguments, norm_blocks(arguments.n_trainable));
  SLALOM_CHECK_LAUNCH(optimizer_kernel);
}

void launch_gradient_norm(const GradientNormArguments& arguments, cudaStream_t stream) {
  gradient_norm_kernel<<<norm_blocks(arguments.n_trainable), kThreads, 0, stream>>>(arguments);
  SLALOM_CHECK_LAUNCH(gradient_norm_kernel);
}

}  // namespace slalom::cuda
