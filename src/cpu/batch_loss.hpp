// SPDX-License-Identifier: Apache-2.0
// The loss of one row and its derivative with respect to the row's outputs, scaled for the batch mean.
#pragma once

#include <cstdint>

#include <slalom/config.hpp>
#include <slalom/dataset.hpp>

#include "core/losses.hpp"

namespace slalom::cpu {

/// Loss of a dataset's rows under a spec. A batch's loss is sum(weight_i * loss_i) / B, where loss_i is the mean over
/// the outputs for pointwise losses.
template <class Real>
class BatchLoss {
 public:
  BatchLoss(const ModelSpec& spec, const Dataset& data)
      : data_(data),
        kind_(spec.loss.kind),
        n_outputs_(spec.n_outputs),
        constant_(static_cast<Real>(core::loss_constant(spec.loss))) {}

  /// Replaces the outputs z: [n_outputs] of training row `row` by the derivative of the batch's mean loss; returns the
  /// row's share of that mean.
  double apply(std::uint32_t row, std::int64_t batch_rows, Real* z) const {
    const Real weight = data_.weights.empty() ? Real(1) : static_cast<Real>(data_.weights[row]);
    if (kind_ == LossKind::kCrossEntropy) {
      const Real loss = core::cross_entropy(z, n_outputs_, data_.labels[row], z);
      const Real scale = weight / static_cast<Real>(batch_rows);
      for (std::int64_t j = 0; j < n_outputs_; ++j) z[j] *= scale;
      return static_cast<double>(weight) * static_cast<double>(loss) / static_cast<double>(batch_rows);
    }
    const float* targets = data_.targets.data() + static_cast<std::int64_t>(row) * n_outputs_;
    const Real scale = weight / static_cast<Real>(batch_rows * n_outputs_);
    double sum = 0.0;
    for (std::int64_t j = 0; j < n_outputs_; ++j) {
      const core::LossPair<Real> pair = core::pointwise_loss(kind_, z[j], static_cast<Real>(targets[j]), constant_);
      sum += static_cast<double>(pair.loss);
      z[j] = scale * pair.derivative;
    }
    return static_cast<double>(weight) * sum / static_cast<double>(batch_rows * n_outputs_);
  }

 private:
  const Dataset& data_;
  LossKind kind_;
  std::int64_t n_outputs_;
  Real constant_;
};

}  // namespace slalom::cpu
