// SPDX-License-Identifier: Apache-2.0
// Models without hidden layers in float32: one pass over a batch's rows gives predictions, loss and gradient.
#pragma once

#include <vector>

#include <slalom/model.hpp>

#include "cpu/batch_loss.hpp"
#include "cpu/engine.hpp"

namespace slalom::cpu {

/// Every row is used twice while it is in L1: for its dot products with the weights, then for its part of the gradient.
/// Sums run in fixed lanes, so the result does not depend on the vector width. Bound by reading the rows.
class LinearEngine : public Engine<float> {
 public:
  LinearEngine(const ModelSpec& spec, const Dataset& data);
  void reserve(std::int64_t rows) override;
  double loss_and_gradient(std::span<const std::uint32_t> rows, std::span<const std::uint32_t> next_rows,
                           std::span<float> parameters, std::span<float> gradient,
                           const core::DropoutKey& dropout) override;
  void predict(const FeatureView& x, std::span<const std::uint32_t> rows, std::int64_t first,
               std::span<const float> parameters, std::span<float> outputs) override;

 private:
  void outputs_of(const float* row, const float* parameters, float* z) const;

  LayerView layer_;
  FeatureView view_;
  BatchLoss<float> loss_;
  std::vector<float> z_;  ///< outputs of the current row, then their derivatives
};

}  // namespace slalom::cpu
