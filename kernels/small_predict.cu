// SPDX-License-Identifier: Apache-2.0
// Predicts with a small network: all layers in one launch.
#include "small_network.cuh"

#include <algorithm>

#include "core/batch_norm.hpp"
#include "cuda/check.hpp"
#include "device/small_activation.cuh"
#include "device/small_block.cuh"

namespace slalom::cuda {
namespace {

constexpr int kThreads = kSmallWarps * kWarp;

/// Normalises by running statistics, if the network does, and activates, in place.
__device__ void activate_in_place(const SmallNetwork& net, const SmallLayer& layer, int n_rows, const float* values,
                                  const SharedMatrix& z, const SmallCrew& crew) {
  with_activation(net.activation, [&]<Activation kKind>() {
    for_each_quad(layer, n_rows, crew, [&](int row, int quad) {
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const int unit = 4 * quad + i;
        if (unit >= layer.outputs) continue;
        float& value = z.row(row)[unit];
        float v = value;
        if (net.batch_norm) {
          const float inverse = core::running_inverse_deviation(values[layer.running_var + unit]);
          v = core::normalise_running(v, values[layer.running_mean + unit], inverse, values[layer.gamma + unit],
                                      values[layer.beta + unit]);
        }
        value = core::activate(kKind, v);
      }
    });
  });
}

// Computes   outputs[i] = network(x[rows[i]]), with running statistics and without dropout.
// Work split a block takes every gridDim-th tile of plan.tile_rows rows through all layers, by the products of training.
// Memory     the values are read once a block and stay in shared memory, in training's layout, with two buffers of
//            activations that swap roles. Rows of X and outputs are contiguous.
// Order      a barrier after each step of each layer. The last tile is computed whole, its missing rows zero: a row's
//            bits do not depend on how many rows are predicted beside it.
// Bound by   shared memory and latency, as training.
// Test       tests/cuda/small_network_test.cpp
__global__ void __launch_bounds__(kThreads) small_predict_kernel(const __grid_constant__ SmallPredictArguments a) {
  extern __shared__ float4 shared_quads[];
  auto* values = reinterpret_cast<float*>(shared_quads);
  const SmallNetwork& net = a.network;
  const SmallCrew crew{.crew = {kSmallWarps}, .tid = static_cast<int>(threadIdx.x)};
  float* buffers[2] = {values + quads_of(net.values()) * 4,
                       values + quads_of(net.values()) * 4 + a.plan.tile_rows * a.plan.pitch};
  fill_zero(values, a.plan.total, crew);
  crew.sync();
  load_values(net, crew, a.parameters, values);
  for (std::int64_t begin = static_cast<std::int64_t>(blockIdx.x) * a.plan.tile_rows; begin < a.n_rows;
       begin += static_cast<std::int64_t>(gridDim.x) * a.plan.tile_rows) {
    const int n_rows = a.plan.tile_rows;
    const std::int64_t left = a.n_rows - begin;
    const int n_there = left < n_rows ? static_cast<int>(left) : n_rows;
    SharedMatrix in{buffers[0], small_pitch(net.n_features)};
    float* free = buffers[1];
    // Layers of other widths have used the buffer: what pads a row must be zero again.
    crew.sync();
    for (int i = crew.tid; i < n_rows * in.pitch; i += crew.threads()) {
      const int row = i / in.pitch;
      const int feature = i - row * in.pitch;
      float value = 0.0F;
      if (row < n_there && feature < net.n_features) {
        const std::int64_t from = a.rows == nullptr ? begin + row : static_cast<std::int64_t>(a.rows[begin + row]);
        value = a.x.data[from * a.x.stride + feature];
      }
      in.data[i] = value;
    }
    for (int l = 0; l < net.n_layers; ++l) {
      const SmallLayer& layer = net.layers[l];
      const SharedMatrix out{free, small_pitch(layer.outputs)};
      crew.sync();
      const int padding = out.pitch - layer.outputs;
      for (int i = crew.tid; i < n_rows * padding; i += crew.threads()) {
        const int row = i / padding;
        out.row(row)[layer.outputs + i - row * padding] = 0.0F;
      }
      multiply_forward(in, n_rows, {values + layer.matrix, small_pitch(layer.inputs)},
                       layer.bias < 0 ? nullptr : values + layer.bias, layer.outputs, quads_of(layer.inputs), crew.tid,
                       crew.threads(), [&](int row, int unit, float value) { out.row(row)[unit] = value; });
      crew.sync();
      free = in.data;
      in = out;
      if (l + 1 < net.n_layers) activate_in_place(net, layer, n_rows, values, out, crew);
    }
    for (int i = crew.tid; i < n_there * net.n_outputs; i += crew.threads()) {
      const int row = i / net.n_outputs;
      a.outputs[begin * net.n_outputs + i] = in.row(row)[i - row * net.n_outputs];
    }
  }
}

}  // namespace

void launch_small_predict(const SmallPredictArguments& a, cudaStream_t stream) {
  if (a.n_rows == 0) return;
  SLALOM_CHECK(cudaFuncSetAttribute(small_predict_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    static_cast<int>(a.plan.bytes())));
  const std::int64_t tiles = (a.n_rows + a.plan.tile_rows - 1) / a.plan.tile_rows;
  const std::int64_t blocks = std::min<std::int64_t>(tiles, a.multiprocessors);
  small_predict_kernel<<<static_cast<unsigned>(blocks), kThreads, a.plan.bytes(), stream>>>(a);
  SLALOM_CHECK_LAUNCH(small_predict_kernel);
}

}  // namespace slalom::cuda
