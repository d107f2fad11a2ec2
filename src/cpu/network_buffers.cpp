// SPDX-License-Identifier: Apache-2.0
// Sizes of a network's buffers.
#include "cpu/network_buffers.hpp"

#include <algorithm>

#include "core/huge_pages.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

/// Buffers that are to lie one after another in one piece of memory.
class Arrangement {
 public:
  void add(std::span<float>& buffer, std::int64_t n) { wanted_.push_back({&buffer, n}); }

  /// Gives every buffer its place, a whole number of cache lines, filled with zeros.
  void settle(AlignedFloats& memory) const {
    constexpr std::int64_t kLine = 16;
    std::int64_t total = 0;
    for (const Wanted& wanted : wanted_) total += core::round_up(wanted.n, kLine);
    memory.assign(static_cast<std::size_t>(total), 0.0F);
    core::use_huge_pages(memory.data(), memory.size() * sizeof(float));
    float* at = memory.data();
    for (const Wanted& wanted : wanted_) {
      *wanted.buffer = {at, static_cast<std::size_t>(wanted.n)};
      at += core::round_up(wanted.n, kLine);
    }
  }

 private:
  struct Wanted {
    std::span<float>* buffer;
    std::int64_t n;
  };
  std::vector<Wanted> wanted_;
};

}  // namespace

void NetworkBuffers::reserve(const ModelSpec& spec, const ParameterLayout& layout, const NetworkProducts& products,
                             std::int64_t n, bool training) {
  if (n <= (training ? training_rows : rows)) return;
  n = std::max(n, rows);
  training = training || training_rows > 0;
  Arrangement memory;
  layers.resize(layout.layers.size());
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const LayerView& view = layout.layers[l];
    LayerBuffers& layer = layers[l];
    layer.input_row = activation_row(view.inputs);
    layer.row = activation_row(view.outputs);
    memory.add(layer.input, n * layer.input_row);
    const bool hidden = l + 1 < layers.size();
    memory.add(layer.bias, layer.row);
    if (hidden) memory.add(layer.forward, products.panels_floats(l, view, view.inputs, view.outputs));
    if (hidden && (spec.activation != Activation::kRelu || spec.dropout > 0.0 || spec.batch_norm)) {
      memory.add(layer.z, n * layer.row);
    }
    if (!training) continue;
    memory.add(layer.input_panels, products.panels_floats(l, view, n, view.inputs));
    if (l > 0) memory.add(layer.backward, products.panels_floats(l, view, view.outputs, view.inputs));
    if (hidden) memory.add(layer.delta, n * layer.row);
    if (view.gamma >= 0) {
      memory.add(layer.normalised, n * layer.row);
      memory.add(layer.inverse_deviation, layer.row);
    }
  }
  outputs_row = activation_row(core::round_up(n, kMostTile));
  memory.add(outputs, spec.n_outputs * outputs_row);
  memory.settle(memory_);
  losses.assign(static_cast<std::size_t>(core::ceil_div(n, kMostTile)), 0.0);
  rows = n;
  if (training) training_rows = n;
}

}  // namespace slalom::cpu
