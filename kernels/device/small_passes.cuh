// SPDX-License-Identifier: Apache-2.0
// The forward and backward passes of a small network over one tile of rows.
#pragma once

#include "device/small_activation.cuh"
#include "device/small_columns.cuh"
#include "device/small_loss.cuh"
#include "device/small_stream.cuh"

namespace slalom::cuda {

/// A member's block at work.
class SmallPasses {
 public:
  __device__ SmallPasses(const SmallNetwork& net, const SmallPlan& plan, float* shared, const SmallCrew& crew)
      : net_(net), plan_(plan), shared_(shared), crew_(crew) {}

  [[nodiscard]] __device__ float* values() const { return shared_ + plan_.memory.values; }
  [[nodiscard]] __device__ float* gradient() const { return shared_ + plan_.memory.gradient; }

  /// From the tile's features to the last layer's outputs, which stand in deltas() then. Ends with a barrier.
  __device__ void forward(const SmallTile& tile, const SharedMatrix& x, core::DropoutKey key) const {
    for (int l = 0; l < net_.n_layers; ++l) {
      const SmallLayer& layer = net_.layers[l];
      const bool last = l + 1 == net_.n_layers;
      const SharedMatrix z = deltas(l);
      const SharedMatrix in = l == 0 ? x : hidden(l - 1);
      const float* bias = layer.bias < 0 ? nullptr : values() + layer.bias;
      if (!last && activates_at_once(net_)) {
        const SharedMatrix h = hidden(l);
        const bool leaky = net_.activation == Activation::kLeakyRelu;
        multiply(layer, in, bias, tile.rows, [&](int row, int unit, float value) {
          h.row(row)[unit] =
              leaky ? core::activate(Activation::kLeakyRelu, value) : core::activate(Activation::kRelu, value);
          z.row(row)[unit] = leaky ? core::activation_derivative(Activation::kLeakyRelu, value)
                                   : core::activation_derivative(Activation::kRelu, value);
        });
        crew_.sync();
        continue;
      }
      multiply(layer, in, bias, tile.rows, [&](int row, int unit, float value) { z.row(row)[unit] = value; });
      crew_.sync();
      if (last) return;
      if (net_.batch_norm) {
        normalise_layer(layer, tile.rows, values(), z, normalised(l), inverse(l), crew_);
        crew_.sync();
      }
      key.layer = static_cast<std::uint32_t>(l);
      activate_layer(net_, layer, tile.rows, tile.first_row, key, z, hidden(l), crew_);
      crew_.sync();
    }
  }

  /// From the loss's derivative by the outputs to the gradient, to which a batch's tiles add up. Returns whether this
  /// thread met a value that is not finite. The caller sets the barrier after it.
  [[nodiscard]] __device__ bool backward(const SmallTile& tile, const SharedMatrix& x) const {
    const bool adds = tile.first_row > 0;
    bool bad = false;
    const auto put = [&](int at, float value) {
      float& to = gradient()[at];
      to = adds ? to + value : value;
      bad = bad || !isfinite(to);
    };
    for (int l = net_.n_layers - 1;; --l) {
      const SmallLayer& layer = net_.layers[l];
      const SharedMatrix d = deltas(l);
      const int in_quads = quads_of(layer.inputs);
      const int pitch = small_pitch(layer.inputs);
      if (layer.bias >= 0) {
        sum_deltas(d, tile.rows, layer.outputs, crew_, [&](int unit, float sum) { put(layer.bias + unit, sum); });
      }
      if (l > 0) {
        const SharedMatrix below = deltas(l - 1);
        const SharedMatrix w{values() + layer.matrix, pitch};
        multiply_backward(d, tile.rows, w, layer.outputs, in_quads, crew_.tid, crew_.threads(),
                          [&](int row, int quad, const float4& sum) {
                            float* at = below.row(row) + 4 * quad;
                            const float4 slope = quad_at(at);
                            *reinterpret_cast<float4*>(at) =
                                make_float4(sum.x * slope.x, sum.y * slope.y, sum.z * slope.z, sum.w * slope.w);
                          });
      }
      multiply_gradient(d, tile.rows, l == 0 ? x : hidden(l - 1), layer.outputs, in_quads, crew_.tid, crew_.threads(),
                        [&](int unit, int quad, const float4& sum) {
                          float* at = gradient() + layer.matrix + unit * pitch + 4 * quad;
                          float4 to = sum;
                          if (adds) {
                            const float4 old = quad_at(at);
                            to = make_float4(old.x + sum.x, old.y + sum.y, old.z + sum.z, old.w + sum.w);
                          }
                          *reinterpret_cast<float4*>(at) = to;
                          bad = bad || !(isfinite(to.x) && isfinite(to.y) && isfinite(to.z) && isfinite(to.w));
                        });
      if (l == 0) return bad;
      crew_.sync();
      if (net_.batch_norm) {
        normalise_layer_backward(net_.layers[l - 1], tile.rows, values(), deltas(l - 1), normalised(l - 1),
                                 inverse(l - 1), crew_, put);
        crew_.sync();
      }
    }
  }

  [[nodiscard]] __device__ SharedMatrix outputs() const { return deltas(net_.n_layers - 1); }

 private:
  template <class Store>
  __device__ void multiply(const SmallLayer& layer, const SharedMatrix& in, const float* bias, int n_rows,
                           Store&& store) const {
    multiply_forward(in, n_rows, {values() + layer.matrix, small_pitch(layer.inputs)}, bias, layer.outputs,
                     quads_of(layer.inputs), crew_.tid, crew_.threads(), store);
  }
  [[nodiscard]] __device__ SharedMatrix columns_of(int base, int l) const {
    const SmallLayer& layer = net_.layers[l];
    return {shared_ + base + plan_.tile_rows * layer.column, small_pitch(layer.outputs)};
  }
  [[nodiscard]] __device__ SharedMatrix hidden(int l) const { return columns_of(plan_.memory.hidden, l); }
  [[nodiscard]] __device__ SharedMatrix deltas(int l) const { return columns_of(plan_.memory.deltas, l); }
  [[nodiscard]] __device__ SharedMatrix normalised(int l) const { return columns_of(plan_.memory.normalised, l); }
  [[nodiscard]] __device__ float* inverse(int l) const {
    return shared_ + plan_.memory.inverse + net_.layers[l].column;
  }

  const SmallNetwork& net_;
  const SmallPlan& plan_;
  float* shared_;
  const SmallCrew& crew_;
};

}  // namespace slalom::cuda
