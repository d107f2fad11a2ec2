// SPDX-License-Identifier: Apache-2.0
// Sizes of a network's buffers.
#include "cpu/network_buffers.hpp"

#include <algorithm>

#include "cpu/huge_pages.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

void resize(AlignedFloats& buffer, std::int64_t n) {
  buffer.assign(static_cast<std::size_t>(n), 0.0F);
  use_huge_pages(buffer.data(), buffer.size() * sizeof(float));
}

}  // namespace

void NetworkBuffers::reserve(const ModelSpec& spec, const ParameterLayout& layout, const ProductKernels& kernels,
                             std::int64_t n, bool training) {
  if (n <= (training ? training_rows : rows)) return;
  n = std::max(n, rows);
  const bool first = layers.empty();
  layers.resize(layout.layers.size());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerView& view = layout.layers[l];
    LayerBuffers& layer = layers[l];
    layer.input_row = activation_row(view.inputs);
    layer.row = activation_row(view.outputs);
    resize(layer.input, n * layer.input_row);
    const bool hidden = l + 1 < layers.size();
    if (first) {
      resize(layer.bias, layer.row);
      if (hidden) resize(layer.forward, packed_floats(kernels, view.inputs, view.outputs));
    }
    if (hidden && (spec.activation != Activation::kRelu || spec.dropout > 0.0 || spec.batch_norm)) {
      resize(layer.z, n * layer.row);
    }
    if (!training) continue;
    resize(layer.input_panels, packed_floats(kernels, n, view.inputs));
    if (l > 0) resize(layer.backward, packed_floats(kernels, view.outputs, view.inputs));
    if (hidden) resize(layer.delta, n * layer.row);
    if (view.gamma >= 0) {
      resize(layer.normalised, n * layer.row);
      resize(layer.inverse_deviation, layer.row);
    }
  }
  outputs_row = activation_row((n + kMostTile - 1) / kMostTile * kMostTile);
  resize(outputs, spec.n_outputs * outputs_row);
  losses.assign(static_cast<std::size_t>((n + kMostTile - 1) / kMostTile), 0.0);
  rows = n;
  if (training) training_rows = n;
}

}  // namespace slalom::cpu
