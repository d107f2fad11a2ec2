// SPDX-License-Identifier: Apache-2.0
// The right side of a matrix product, and when it is packed.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/rounding.hpp"
#include "cpu/crew.hpp"
#include "cpu/product_kernels.hpp"

namespace slalom::cpu {

/// B [k, n] of a product. Its panels are packed beforehand, for all threads; or at need, one at a time, by the thread that
/// multiplies with it: then they are written and read within that thread's L2. The latter is less work if no panel is needed
/// often. A small one is read as it lies.
struct RightOperand {
  const ProductKernels& products;
  const float* from = nullptr;
  const float* const* rows = nullptr;  ///< instead of `from`, if it is not null: k rows of n floats
  std::int64_t row = 0;                ///< floats between the rows of `from`
  std::int64_t k = 0, n = 0;
  bool transposed = false;  ///< `from` is [n, k]
  float* packed = nullptr;  ///< all panels; null: at need

  [[nodiscard]] std::int64_t panels() const { return core::ceil_div(n, products.panel); }

  /// Whether it is read as it lies: if it is whole panels, and small enough for L1 with at most eight lines of a panel in
  /// one set. Packing it would then cost more than it saves.
  [[nodiscard]] bool read_as_it_lies() const {
    constexpr std::int64_t kMostFloats = 8192;
    const bool whole_panels = !transposed && rows == nullptr && n % products.panel == 0;
    return products.reads_right && whole_panels && k * row <= kMostFloats;
  }

  void pack(std::int64_t p, float* panel) const {
    const std::int64_t column = p * products.panel;
    const std::int64_t columns = std::min(products.panel, n - column);
    if (rows != nullptr) {
      products.pack_rows(rows, column, k, columns, panel);
    } else if (transposed) {
      products.pack_transposed(from + column * row, row, k, columns, panel);
    } else {
      products.pack(from + column, row, k, columns, panel);
    }
  }

  /// Packs this thread's share of the panels, unless that is done at need.
  void pack_ahead(const Crew& crew) const {
    if (packed == nullptr || read_as_it_lies()) return;
    crew.share(panels(), [&](std::int64_t first, std::int64_t last) {
      for (std::int64_t p = first; p < last; ++p) pack(p, packed + p * products.panel_floats(k));
    });
  }

  /// Panels [first, last) of `product`, whose B this is. `panel`: room for one. Returns what ProductPass does.
  [[nodiscard]] bool multiply(Product product, std::int64_t first, std::int64_t last, float* panel) const {
    if (read_as_it_lies()) {
      product.panels = from;
      product.b_row = row;
      return products.multiply(product, first, last);
    }
    product.panels = packed;
    if (packed != nullptr) return products.multiply(product, first, last);
    bool finite = true;
    product.panels = panel;
    for (std::int64_t p = first; p < last; ++p) {
      pack(p, panel);
      Product part = product;
      const std::int64_t column = p * products.panel;
      part.n -= column;
      part.c += column;
      part.c_width -= column;
      if (part.operand != nullptr) part.operand += column;
      finite = products.multiply(part, 0, 1) && finite;
    }
    return finite;
  }
};

}  // namespace slalom::cpu
