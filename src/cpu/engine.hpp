// SPDX-License-Identifier: Apache-2.0
// What computes one model's loss, gradient and predictions; holds the scratch memory, not the parameters.
#pragma once

#include <cstdint>
#include <span>

#include <slalom/dataset.hpp>

#include "core/dropout.hpp"

namespace slalom::cpu {

template <class Real>
class Engine {
 public:
  Engine() = default;
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Makes room for batches of up to `rows` rows; the only place that allocates.
  virtual void reserve(std::int64_t rows) = 0;

  /// Writes the gradient of the batch's mean loss to gradient: [n_trainable] (padding zero) and returns the loss.
  /// `parameters`: the arena; only running statistics in it change. `next_rows` may be prefetched.
  virtual double loss_and_gradient(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> next_rows,
                                   std::span<Real> parameters, std::span<Real> gradient,
                                   const core::DropoutKey& dropout) = 0;

  /// Raw outputs of the rows (empty: the `outputs.size() / n_outputs` rows from `first` on) of `x`: [rows, n_outputs].
  virtual void predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
                       std::span<const Real> parameters, std::span<float> outputs) = 0;
};

}  // namespace slalom::cpu
