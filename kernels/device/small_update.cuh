// SPDX-License-Identifier: Apache-2.0
// Clipping and the optimiser's step of a small network in shared memory.
#pragma once

#include "core/clip.hpp"
#include "core/rules.hpp"
#include "device/small_block.cuh"
#include "member_task.hpp"

namespace slalom::cuda {

/// Clipping of one gradient element: by value, then by the norm's factor.
struct SmallClip {
  float value = 0.0F;  ///< 0: none
  float factor = 1.0F;
  [[nodiscard]] __device__ float by_value(float g) const { return core::clip_by_value(g, value); }
  [[nodiscard]] __device__ float operator()(float g) const { return by_value(g) * factor; }
};

/// The factor by which the whole gradient is scaled; sums squares in float64 in an order that only the crew's size
/// fixes. `sums`: a double a warp.
__device__ inline SmallClip clip_of(const SmallNetwork& net, const DeviceRule& rule, const float* gradient,
                                    double* sums, const SmallCrew& crew) {
  SmallClip clip{.value = rule.clip_value};
  if (rule.clip_norm <= 0.0) return clip;
  double sum = 0.0;
  const auto add = [&](int, int at) {
    const auto g = static_cast<double>(clip.by_value(gradient[at]));
    sum += g * g;
  };
  for_each_weight(net, crew, add);
  for_each_vector(net, crew, net.n_trainable, add);
  sum = sum_lanes(sum, kWarp / 2, 1);
  if (crew.lane() == 0) sums[crew.warp()] = sum;
  crew.sync();
  double total = 0.0;
  for (int w = 0; w < crew.crew.warps; ++w) total += sums[w];
  clip.factor = core::clip_by_norm_factor<float>(total, rule.clip_norm);
  return clip;
}

/// One step of the optimiser over all trainable values. `state` may lie in shared or in global memory.
__device__ inline void update_values(const SmallNetwork& net, const DeviceRule& rule,
                                     const core::StepConstants<float>& constants, const SmallClip& clip, float* values,
                                     const float* gradient, float* state, const SmallCrew& crew) {
  core::with_rule(rule.rule, [&]<core::Rule kRule>() {
    const auto step = [&](int e, int at, const core::StepConstants<float>& c) {
      float slots[core::kMaxSlots] = {};
#pragma unroll
      for (int s = 0; s < core::kMaxSlots; ++s) {
        if (s < rule.n_slots) slots[s] = state[s * net.n_trainable + e];
      }
      values[at] = core::update<kRule>(values[at], clip(gradient[at]), slots, c, rule.flags);
#pragma unroll
      for (int s = 0; s < core::kMaxSlots; ++s) {
        if (s < rule.n_slots) state[s * net.n_trainable + e] = slots[s];
      }
    };
    for_each_weight(net, crew, [&](int e, int at) { step(e, at, constants); });
    const core::StepConstants<float> free = core::without_penalty(constants);
    for_each_vector(net, crew, net.n_trainable, [&](int e, int at) { step(e, at, free); });
  });
}

}  // namespace slalom::cuda
