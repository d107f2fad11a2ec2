// SPDX-License-Identifier: Apache-2.0
// Which matrix products a layer of a network is computed with.
#pragma once

#include <algorithm>
#include <cstdint>

#include <slalom/model.hpp>

#include "cpu/instruction_set.hpp"

namespace slalom::cpu {

/// Of more threads than that, none packs what another one does, too.
inline constexpr int kFewThreads = 2;

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

  /// The most rows of a batch that layer l may take from where they lie; 0: none.
  [[nodiscard]] std::int64_t most_rows_in_place(std::size_t l, const LayerView& layer) const {
    std::int64_t most = 0;
    for_each_of_layer(l, layer, [&](const ProductKernels& p) {
      if (p.pack_left_rows != nullptr) most = std::max(most, p.most_rows);
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
