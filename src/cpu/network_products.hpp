// SPDX-License-Identifier: Apache-2.0
// Which matrix products a layer of a network is computed with.
#pragma once

#include <algorithm>
#include <cstdint>

#include <slalom/model.hpp>

#include "cpu/instruction_set.hpp"

namespace slalom::cpu {

/// An instruction set's products for every layer, by the shapes of the model and the batch alone: what is left over at the
/// end of an epoch is computed as whole batches are.
class NetworkProducts {
 public:
  NetworkProducts(const InstructionSet& set, const ParameterLayout& layout)
      : small_(set.products), large_(set.large_products), n_layers_(layout.layers.size()) {}

  /// `batch_size`: of whole batches. The last layer, which is computed the other way round, is always a small one.
  [[nodiscard]] const ProductKernels& of_layer(std::size_t l, const LayerView& layer, std::int64_t batch_size) const {
    return l + 1 < n_layers_ && pays(layer) && batch_size >= kLeastRows ? *large_ : *small_;
  }

  /// Calls body(kernels) for all products that layer l may use, whatever the batch size.
  template <class Body>
  void for_each_of_layer(std::size_t l, const LayerView& layer, Body&& body) const {
    body(*small_);
    if (const ProductKernels& large = of_layer(l, layer, kLeastRows); &large != small_) body(large);
  }

  /// Room for all panels of B [k, n] of layer l.
  [[nodiscard]] std::int64_t panels_floats(std::size_t l, const LayerView& layer, std::int64_t k,
                                           std::int64_t n) const {
    std::int64_t most = 0;
    for_each_of_layer(l, layer, [&](const ProductKernels& p) { most = std::max(most, p.panels_floats(k, n)); });
    return most;
  }

  /// Room for A [m, k] of layer l in tiles, if it may use products that take no other.
  [[nodiscard]] std::int64_t tiles_floats(std::size_t l, const LayerView& layer, std::int64_t m, std::int64_t k) const {
    std::int64_t most = 0;
    for_each_of_layer(l, layer, [&](const ProductKernels& p) {
      if (p.pack_left != nullptr) most = std::max(most, p.tiles_floats(m, k));
    });
    return most;
  }

 private:
  // What packing costs against what it saves, as measured (docs/performance.md).
  static constexpr std::int64_t kLeastRows = 64;
  static constexpr std::int64_t kLeastUnits = 128;

  [[nodiscard]] bool pays(const LayerView& layer) const {
    return large_ != nullptr && std::min(layer.inputs, layer.outputs) >= kLeastUnits;
  }

  const ProductKernels* small_;
  const ProductKernels* large_;
  std::size_t n_layers_;
};

}  // namespace slalom::cpu
