// SPDX-License-Identifier: Apache-2.0
// What a network's step works on besides the parameters: activations, derivatives and packed weights.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <slalom/dataset.hpp>
#include <slalom/model.hpp>

#include "core/rounding.hpp"
#include "cpu/network_products.hpp"

namespace slalom::cpu {

/// Floats between rows of `units` activations: room for whole panels, and an odd number of cache lines, so that a column
/// does not fall into a few sets of the cache.
[[nodiscard]] constexpr std::int64_t activation_row(std::int64_t units) { return core::round_up(units, 32) + 16; }

/// Of one layer. Activations are [batch rows, activation_row(units)]; the last layer's outputs and their derivatives lie
/// the other way round, [n_outputs, outputs_row]: a row of outputs is then a vector of the batch's rows.
struct LayerBuffers {
  std::span<float> input;              ///< [rows, input_row] the batch, or what the layer below gives
  std::span<float> input_panels;       ///< training: the input packed for the weight gradient: [rows, inputs]
  std::span<float> z;                  ///< hidden: what the activation sees, then its slope; not kept for a plain relu
  std::span<float> delta;              ///< hidden: derivative of the loss by what the product gives
  std::span<float> normalised;         ///< batch normalisation: (z - mean) / deviation
  std::span<float> inverse_deviation;  ///< [units rounded up to 8]
  std::span<float> bias;               ///< [units rounded up to whole panels], zero beyond the units
  std::span<float> forward;            ///< the weights packed for the forward product: [inputs, outputs]
  std::span<float> backward;           ///< and for the backward one: [outputs, inputs]
  std::int64_t input_row = 0, row = 0;
};

struct NetworkBuffers {
  std::vector<LayerBuffers> layers;
  std::span<float> outputs;        ///< [n_outputs, outputs_row]
  std::int64_t outputs_row = 0;    ///< rows that there is room for, rounded up to whole panels, and a cache line
  std::int64_t rows = 0;           ///< rows that there is room for
  std::int64_t training_rows = 0;  ///< the same in training
  std::vector<double> losses;      ///< of every block of rows

  /// Makes room for `n` rows, with what only training needs or without; keeps nothing.
  void reserve(const ModelSpec& spec, const ParameterLayout& layout, const NetworkProducts& products, std::int64_t n,
               bool training);

 private:
  AlignedFloats memory_;  ///< all of them, so that large pages can hold them
};

/// What one thread needs for itself.
struct ThreadScratch {
  AlignedFloats panel;             ///< one of B, packed at need
  AlignedFloats tiles;             ///< of a block of A
  AlignedFloats turned;            ///< [inputs, panel] of a weight gradient that is computed the other way round
  AlignedFloats loss;              ///< LinearPass::scratch
  std::vector<const float*> rows;  ///< of the batch, where they lie in the data
  bool finite = true;              ///< all gradients that this thread has computed in this step
};

}  // namespace slalom::cpu
