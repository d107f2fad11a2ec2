// SPDX-License-Identifier: Apache-2.0
// An engine that trains step by step: the gradient of a batch, then the optimiser over the whole arena.
#pragma once

#include <cmath>
#include <vector>

#include <slalom/model.hpp>

#include "core/dropout.hpp"
#include "cpu/engine.hpp"
#include "cpu/optimizer_step.hpp"

namespace slalom::cpu {

template <class Real>
class SteppedEngine : public Engine<Real> {
 public:
  BlockResult train(MemberStore<Real>& member, const StepBlock& block) override {
    BlockResult result;
    reserve(static_cast<std::int64_t>(rows_of_step(block, 0).size()));
    result.losses.reserve(block.learning_rates.size());
    for (std::size_t s = 0; s < block.learning_rates.size(); ++s) {
      const core::DropoutKey dropout{.seed = member.config().seed,
                                     .stream = static_cast<std::uint32_t>(member.config().stream),
                                     .layer = 0,
                                     .step = member.clock().step()};
      const double loss = loss_and_gradient(rows_of_step(block, s), member.parameters(), gradient_, dropout);
      result.losses.push_back(loss);
      if (!std::isfinite(loss) || !all_finite(gradient_)) {
        result.first_non_finite = static_cast<std::int64_t>(s);
        return result;
      }
      const auto constants = core::round_to<Real>(member.clock().advance(block.learning_rates[s]));
      optimizer_step<Real>(std::span(member.parameters()).first(gradient_.size()), gradient_, member.state(),
                           n_weights_, member.settings(), constants);
    }
    return result;
  }

 protected:
  explicit SteppedEngine(const ParameterLayout& layout)
      : n_weights_(static_cast<std::size_t>(layout.n_weights)),
        gradient_(static_cast<std::size_t>(layout.n_trainable)) {}

  /// Makes room for batches of up to `rows` rows; the only place that allocates.
  virtual void reserve(std::int64_t rows) = 0;

  /// Writes the gradient of the batch's mean loss to gradient: [n_trainable] (padding zero) and returns the loss.
  /// `parameters`: the arena; only running statistics in it change.
  virtual double loss_and_gradient(std::span<const std::uint32_t> rows, std::span<Real> parameters,
                                   std::span<Real> gradient, const core::DropoutKey& dropout) = 0;

 private:
  static bool all_finite(const std::vector<Real>& values) {
    Real zero = Real(0);
    for (const Real value : values) zero += value * Real(0);  // NaN as soon as one value is not finite
    return zero == Real(0);
  }

  std::size_t n_weights_;
  std::vector<Real> gradient_;
};

}  // namespace slalom::cpu
