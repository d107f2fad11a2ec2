// SPDX-License-Identifier: Apache-2.0
// Places tensors as products want them.
#include "product_layout.hpp"

#include <algorithm>
#include <limits>

#include <slalom/dataset.hpp>

namespace slalom::cuda {
namespace {

constexpr std::int64_t kAligned = 8;  // values: 16 bytes of bfloat16

/// Rows of up to four are not worth it; kernels count the values of a tensor in 32 bits.
bool is_padded(const LayerView& layer) {
  const std::int64_t most = std::numeric_limits<std::int32_t>::max() - kAligned;
  return layer.inputs > 4 && layer.inputs % kAligned != 0 && layer.outputs <= most / layer.inputs;
}

std::int64_t moved(std::int64_t offset, std::int64_t by) { return offset < 0 ? offset : offset + by; }

}  // namespace

ProductLayout::ProductLayout(const ParameterLayout& layout, bool pad) {
  pad = pad && std::any_of(layout.layers.begin(), layout.layers.end(), is_padded);
  std::int64_t shift = 0;  // from the arena to here
  for (std::size_t l = 0; l < layout.layers.size(); ++l) {
    const LayerView& layer = layout.layers[l];
    const std::int64_t end = l + 1 < layout.layers.size() ? layout.layers[l + 1].weight : layout.n_weights;
    const bool rows = pad && is_padded(layer);
    const std::int64_t width = rows ? row_stride(layer.inputs) : layer.inputs;
    layers.push_back({.weight = layer.weight + shift, .width = width});
    if (pad) {
      tensors.push_back({.begin = layer.weight,
                         .to = layer.weight + shift,
                         .columns = static_cast<std::uint32_t>(rows ? layer.inputs : 0),
                         .stride = static_cast<std::uint32_t>(rows ? width : 0)});
    }
    // What pads the tensor in the arena, up to 7 values, comes along: up to two more rows.
    if (rows) shift += (layer.outputs + 2) * width - (end - layer.weight);
  }
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerView& layer = layout.layers[l];
    layers[l].bias = moved(layer.bias, shift);
    layers[l].gamma = moved(layer.gamma, shift);
    layers[l].beta = moved(layer.beta, shift);
  }
  size = layout.n_trainable + shift;
  if (!pad) return;
  tensors.push_back({.begin = layout.n_weights, .to = layout.n_weights + shift});
  tensors.push_back({.begin = layout.n_trainable, .to = size});
}

}  // namespace slalom::cuda
