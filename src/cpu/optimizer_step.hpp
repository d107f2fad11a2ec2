// SPDX-License-Identifier: Apache-2.0
// Clips a gradient and applies one optimiser step to a whole arena.
#pragma once

#include <span>

#include "core/clip.hpp"
#include "core/rules.hpp"

namespace slalom::cpu {

/// Clips by value, then by norm (the norm summed in float64 in index order), before decay and moments.
template <class Real>
void clip(std::span<Real> gradient, const core::RuleSettings& settings) {
  const auto limit = static_cast<Real>(settings.clip_value);
  for (Real& g : gradient) g = core::clip_by_value(g, limit);
  if (settings.clip_norm > 0.0) {
    double sum = 0.0;
    for (const Real g : gradient) sum += static_cast<double>(g) * static_cast<double>(g);
    const Real factor = core::clip_by_norm_factor<Real>(sum, settings.clip_norm);
    for (Real& g : gradient) g *= factor;
  }
}

/// Updates parameters [begin, end) with rule kRule. `state` holds n_slots arrays of `n` values one after another.
template <core::Rule kRule, class Real>
void update_range(Real* parameters, const Real* gradient, Real* state, std::size_t n, int n_slots, std::size_t begin,
                  std::size_t end, const core::StepConstants<Real>& constants, core::RuleFlags flags) {
  for (std::size_t i = begin; i < end; ++i) {
    Real slots[core::kMaxSlots] = {};
    for (int s = 0; s < n_slots; ++s) slots[s] = state[static_cast<std::size_t>(s) * n + i];
    parameters[i] = core::update<kRule>(parameters[i], gradient[i], slots, constants, flags);
    for (int s = 0; s < n_slots; ++s) state[static_cast<std::size_t>(s) * n + i] = slots[s];
  }
}

/// One step over the arena: weights with penalties, the rest without. gradient.size() is the number of trainable
/// values.
template <class Real>
void optimizer_step(std::span<Real> parameters, std::span<Real> gradient, std::span<Real> state, std::size_t n_weights,
                    const core::RuleSettings& settings, const core::StepConstants<Real>& constants) {
  clip(gradient, settings);
  const core::RuleFlags flags = core::flags_of(settings);
  const std::size_t n = gradient.size();
  core::with_rule(settings.rule, [&]<core::Rule kRule>() {
    update_range<kRule>(parameters.data(), gradient.data(), state.data(), n, settings.n_slots, 0, n_weights, constants,
                        flags);
    update_range<kRule>(parameters.data(), gradient.data(), state.data(), n, settings.n_slots, n_weights, n,
                        core::without_penalty(constants), flags);
  });
}

}  // namespace slalom::cpu
