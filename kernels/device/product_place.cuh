// SPDX-License-Identifier: Apache-2.0
// Where four neighbours of the arena lie in the products' layout (product_layout.hpp), and their load and store there.
#pragma once

#include "device/quad.cuh"
#include "product_layout.hpp"

namespace slalom::cuda {

/// The places of one quad: side by side, or going on in the next row at the end of one.
struct ProductPlace {
  std::int64_t first = 0;
  std::uint32_t column = 0;
  const ProductTensor* rows = nullptr;  ///< null: side by side

  /// Calls visit(k, place) for the quad's elements, one after another.
  template <class Visitor>
  __device__ void for_each(Visitor&& visit) const {
    std::int64_t place = first;
    std::uint32_t at = column;
#pragma unroll
    for (int k = 0; k < 4; ++k) {
      visit(k, place);
      ++place;
      if (++at == rows->columns) {
        at = 0;
        place += rows->stride - rows->columns;
      }
    }
  }
};

/// Finds quads of the arena, asked for in ascending order. `tensors`: null for the arena's own layout.
class ProductFinder {
 public:
  __device__ explicit ProductFinder(const ProductTensor* tensors) : tensor_(tensors) {}
  [[nodiscard]] __device__ ProductPlace find(std::int64_t quad) {
    const std::int64_t first = 4 * quad;
    if (tensor_ == nullptr) return {.first = first};
    while (tensor_[1].begin <= first) ++tensor_;
    const std::int64_t element = first - tensor_->begin;
    if (tensor_->columns == 0) return {.first = tensor_->to + element};
    const auto index = static_cast<std::uint32_t>(element);
    const std::uint32_t row = index / tensor_->columns;
    const std::uint32_t column = index % tensor_->columns;
    return {.first = tensor_->to + static_cast<std::int64_t>(row) * tensor_->stride + column,
            .column = column,
            .rows = tensor_};
  }

 private:
  const ProductTensor* tensor_;
};

__device__ inline Quad load_quad(const float* from, const ProductPlace& place) {
  if (place.rows == nullptr) return load_quad(from, place.first / 4, 4, true);
  Quad q{};
  place.for_each([&](int k, std::int64_t at) { q.v[k] = from[at]; });
  return q;
}

/// Neighbouring rows may share a 4-byte word, each half of it written by another block. These are different places, so it
/// is no race; volatile tells that to checkers that look at whole words.
__device__ inline void store_quad(__nv_bfloat16* to, const ProductPlace& place, const Quad& q) {
  if (place.rows == nullptr) return store_whole(to, place.first / 4, q);
  place.for_each([&](int k, std::int64_t at) {
    *reinterpret_cast<volatile unsigned short*>(to + at) = __bfloat16_as_ushort(__float2bfloat16_rn(q.v[k]));
  });
}

}  // namespace slalom::cuda
