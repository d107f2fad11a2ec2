// SPDX-License-Identifier: Apache-2.0
// What the parts of a small-network kernel share: the block's threads, its shared memory and its layers in it.
#pragma once

#include "device/crew.cuh"
#include "device/lanes.cuh"
#include "device/small_tile.cuh"
#include "small_network.hpp"

namespace slalom::cuda {

/// The threads of a block that work on its member.
struct SmallCrew {
  Crew crew;
  int tid = 0;
  [[nodiscard]] __device__ int threads() const { return crew.warps * kWarp; }
  [[nodiscard]] __device__ int warp() const { return tid / kWarp; }
  [[nodiscard]] __device__ int lane() const { return tid % kWarp; }
  __device__ void sync() const { crew.sync(); }
};

/// Calls f(e, at, arena offset e, place `at` among the block's values) for this thread's share of the weights.
template <class F>
__device__ void for_each_weight(const SmallNetwork& net, const SmallCrew& crew, F&& f) {
  int l = 0;
  for (int e = crew.tid; e < net.n_weights; e += crew.threads()) {
    while (l + 1 < net.n_layers && e >= net.layers[l + 1].weight) ++l;
    const SmallLayer& layer = net.layers[l];
    const int offset = e - layer.weight;
    const int row = static_cast<int>(layer.inputs_divider.divide(static_cast<unsigned>(offset)));
    if (row >= layer.outputs) continue;  // the arena's padding
    f(e, layer.matrix + row * small_pitch(layer.inputs) + offset - row * layer.inputs);
  }
}

/// The same for what lies behind the weights, up to arena offset `end`.
template <class F>
__device__ void for_each_vector(const SmallNetwork& net, const SmallCrew& crew, int end, F&& f) {
  for (int e = net.n_weights + crew.tid; e < end; e += crew.threads()) f(e, net.vectors + e - net.n_weights);
}

/// Copies the arena into the block's values; the places between are left as they are.
__device__ inline void load_values(const SmallNetwork& net, const SmallCrew& crew, const float* arena, float* values) {
  const auto load = [&](int e, int at) { values[at] = arena[e]; };
  for_each_weight(net, crew, load);
  for_each_vector(net, crew, net.n_total, load);
}

__device__ inline void fill_zero(float* to, int count, const SmallCrew& crew) {
  for (int i = crew.tid; i < count; i += crew.threads()) to[i] = 0.0F;
}

}  // namespace slalom::cuda
