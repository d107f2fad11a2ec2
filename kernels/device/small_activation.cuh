// SPDX-License-Identifier: Apache-2.0
// Activations and dropout of a layer in shared memory.
#pragma once

#include "core/activations.hpp"
#include "core/dropout.hpp"
#include "device/small_block.cuh"

namespace slalom::cuda {

/// Calls visit.template operator()<kKind>() for the activation that is chosen at run time.
template <class Visitor>
__device__ void with_activation(Activation kind, Visitor&& visit) {
  switch (kind) {
    case Activation::kLeakyRelu: return visit.template operator()<Activation::kLeakyRelu>();
    case Activation::kTanh: return visit.template operator()<Activation::kTanh>();
    case Activation::kSigmoid: return visit.template operator()<Activation::kSigmoid>();
    case Activation::kGelu: return visit.template operator()<Activation::kGelu>();
    case Activation::kSilu: return visit.template operator()<Activation::kSilu>();
    default: return visit.template operator()<Activation::kRelu>();
  }
}

/// Whether the activation is so cheap that the product's own threads apply it, because neither batch normalisation nor
/// dropout comes between.
[[nodiscard]] __device__ inline bool activates_at_once(const SmallNetwork& net) {
  return (net.activation == Activation::kRelu || net.activation == Activation::kLeakyRelu) && !net.batch_norm &&
         net.dropout == 0.0F;
}

/// Calls f(row, quad) for this thread's share of the n_rows x quads_of(layer.outputs) quads of a layer's outputs.
template <class F>
__device__ void for_each_quad(const SmallLayer& layer, int n_rows, const SmallCrew& crew, F&& f) {
  const int quads = quads_of(layer.outputs);
  for (int i = crew.tid; i < n_rows * quads; i += crew.threads()) {
    const int row = static_cast<int>(layer.quads_divider.divide(static_cast<unsigned>(i)));
    f(row, i - row * quads);
  }
}

/// hidden = m h(z), and z is replaced by m h'(z), the factor by which the loss's derivative goes on from `hidden` to z;
/// m is dropout's 0 or 1 / (1 - rate). Columns past the layer's units stay zero. `first_row`: of the tile in its batch.
__device__ inline void activate_layer(const SmallNetwork& net, const SmallLayer& layer, int n_rows, int first_row,
                                      const core::DropoutKey& key, const SharedMatrix& z, const SharedMatrix& hidden,
                                      const SmallCrew& crew) {
  const bool drops = net.dropout > 0.0F;
  const float gain = core::dropout_gain<float>(net.dropout);
  with_activation(net.activation, [&]<Activation kKind>() {
    for_each_quad(layer, n_rows, crew, [&](int row, int quad) {
      float* at = z.row(row) + 4 * quad;
      const float4 in = quad_at(at);
      const float values[4] = {in.x, in.y, in.z, in.w};
      float h[4], slope[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        h[i] = core::activate(kKind, values[i]);
        slope[i] = core::activation_derivative(kKind, values[i]);
      }
      if (drops) {
        const auto words = core::dropout_words(key, first_row + row, quad);
#pragma unroll
        for (int i = 0; i < 4; ++i) {
          const float mask = core::dropout_keeps(words[static_cast<std::size_t>(i)], net.dropout) ? gain : 0.0F;
          h[i] *= mask;
          slope[i] *= mask;
        }
      }
      const int there = layer.outputs - 4 * quad;
#pragma unroll
      for (int i = 1; i < 4; ++i) {
        if (i < there) continue;
        h[i] = 0.0F;
        slope[i] = 0.0F;
      }
      *reinterpret_cast<float4*>(hidden.row(row) + 4 * quad) = make_float4(h[0], h[1], h[2], h[3]);
      *reinterpret_cast<float4*>(at) = make_float4(slope[0], slope[1], slope[2], slope[3]);
    });
  });
}

}  // namespace slalom::cuda
