// SPDX-License-Identifier: Apache-2.0
// What the parts of the network engine know of the network.
#pragma once

#include <cstddef>
#include <cstdint>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>
#include <slalom/model.hpp>

#include "matrix.hpp"
#include "product_layout.hpp"

namespace slalom::cuda {

struct NetworkOptions {
  Precision precision = Precision::kFp32;
  int max_slots = 3;            ///< most state slots of any member's optimiser
  bool fused_epilogues = true;  ///< false: as if cuBLASLt could only multiply (tests)
};

struct NetworkShape {
  ModelSpec spec;
  ParameterLayout layout;
  NetworkOptions options;
  ProductLayout product;  ///< of the gradient, and of the weights that products read

  NetworkShape(ModelSpec model, NetworkOptions chosen)
      : spec(std::move(model)), layout(spec), options(chosen), product(layout, halves()) {}

  /// How activations, derivatives and the weights that products read are stored.
  [[nodiscard]] Number number() const noexcept {
    return options.precision == Precision::kBf16 ? Number::kBfloat16 : Number::kFloat32;
  }
  [[nodiscard]] bool halves() const noexcept { return number() == Number::kBfloat16; }
  [[nodiscard]] std::size_t n_layers() const noexcept { return layout.layers.size(); }
  [[nodiscard]] bool is_last(std::size_t layer) const noexcept { return layer + 1 == n_layers(); }
};

/// Bits from one row of a ReLU mask to the next.
[[nodiscard]] constexpr std::int64_t mask_stride(std::int64_t units) noexcept { return (units + 127) / 128 * 128; }

}  // namespace slalom::cuda
