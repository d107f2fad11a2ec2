// SPDX-License-Identifier: Apache-2.0
// How matrix products want parameters and their gradient: like the arena, but rows of weights padded.
#pragma once

#include <cstdint>
#include <vector>

#include <slalom/model.hpp>

namespace slalom::cuda {

/// A part of the arena that starts at `begin` there and at `to` in the products' layout; both are multiples of 8.
struct ProductTensor {
  std::int64_t begin = 0;
  std::int64_t to = 0;
  std::uint32_t columns = 0;  ///< of a row; 0: there are no rows, the part moves as one
  std::uint32_t stride = 0;   ///< from one row to the next in the products' layout
};

/// Libraries have their fast bfloat16 kernels for rows of whole 16 bytes. Rows of weights of any other width are as
/// long here as rows of the activations that they are multiplied by, row_stride(inputs); the rest of them is zero, so
/// that a product may take it along.
struct ProductLayout {
  struct Layer {
    std::int64_t weight = 0;  ///< offsets, -1 where the layer has none
    std::int64_t width = 0;   ///< of a row of weights, padding included; the distance of rows, too
    std::int64_t bias = 0, gamma = 0, beta = 0;
  };
  std::vector<Layer> layers;
  /// By `begin`, and one behind the last, which begins at n_trainable. Empty: the arena's layout.
  std::vector<ProductTensor> tensors;
  std::int64_t size = 0;  ///< values

  /// `pad`: false for the arena's layout.
  ProductLayout(const ParameterLayout& layout, bool pad);
};

}  // namespace slalom::cuda
