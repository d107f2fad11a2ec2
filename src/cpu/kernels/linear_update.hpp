// SPDX-License-Identifier: Apache-2.0
// Sees whether a gradient is finite, clips it, and applies an optimiser step: a loop over vectors of parameters for
// each rule and its variants. Bound by square roots and divisions.
#pragma once

#include <bit>
#include <cstdint>

#include "core/clip.hpp"
#include "core/rules.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kStep = 8;  ///< sizes are multiples of it

/// By the largest of the bit patterns without sign: infinities and NaNs are above all finite numbers.
bool finite_pass(const float* values, std::int64_t n) {
  std::int32_t largest[kStep] = {};
  for (std::int64_t i = 0; i < n; i += kStep) {
    for (std::int64_t lane = 0; lane < kStep; ++lane) {
      std::int32_t bits = 0;
      std::memcpy(&bits, values + i + lane, sizeof bits);
      bits &= 0x7fffffff;
      largest[lane] = bits > largest[lane] ? bits : largest[lane];
    }
  }
  bool finite = true;
  for (const std::int32_t bits : largest) finite = finite && bits < 0x7f800000;
  return finite;
}

/// By value, then by norm, whose square is summed in float64 in eight lanes.
[[gnu::always_inline]] inline void clip(float* gradient, std::int64_t n, float limit, double norm) {
  if (limit > 0.0F) {
    for (std::int64_t i = 0; i < n; ++i) gradient[i] = core::clip_by_value(gradient[i], limit);
  }
  if (!(norm > 0.0)) return;
  double squares[kStep] = {};
  for (std::int64_t i = 0; i < n; i += kStep) {
    for (std::int64_t lane = 0; lane < kStep; ++lane) {
      const auto g = static_cast<double>(gradient[i + lane]);
      squares[lane] += g * g;
    }
  }
  double sum = 0.0;
  for (const double square : squares) sum += square;
  const auto factor = core::clip_by_norm_factor<float>(sum, norm);
  for (std::int64_t i = 0; i < n; ++i) gradient[i] *= factor;
}

template <core::Rule kRule, core::RuleFlags kFlags>
[[gnu::always_inline]] inline void update_range(float* __restrict parameters, const float* __restrict gradient,
                                                float* __restrict first, float* __restrict second,
                                                float* __restrict third, std::int64_t n,
                                                const core::StepConstants<float> constants) {
  constexpr int kSlots = core::slot_count(kRule, kFlags);
  for (std::int64_t i = 0; i < n; i += kStep) {
    for (std::int64_t at = i; at < i + kStep; ++at) {
      float slots[core::kMaxSlots] = {};
      if constexpr (kSlots > 0) slots[0] = first[at];
      if constexpr (kSlots > 1) slots[1] = second[at];
      if constexpr (kSlots > 2) slots[2] = third[at];
      parameters[at] = core::update<kRule>(parameters[at], gradient[at], slots, constants, kFlags);
      if constexpr (kSlots > 0) first[at] = slots[0];
      if constexpr (kSlots > 1) second[at] = slots[1];
      if constexpr (kSlots > 2) third[at] = slots[2];
    }
  }
}

template <core::Rule kRule, core::RuleFlags kFlags>
void update_pass(const LinearProblem& p, const LinearUpdate& u) {
  if (u.clip_value > 0.0F || u.clip_norm > 0.0) clip(u.gradient, p.n_all, u.clip_value, u.clip_norm);
  float* first = u.state;
  float* second = u.state + p.n_all;
  float* third = u.state + 2 * p.n_all;
  update_range<kRule, kFlags>(u.parameters, u.gradient, first, second, third, p.n_weights, *u.constants);
  const std::int64_t at = p.n_weights;
  update_range<kRule, kFlags>(u.parameters + at, u.gradient + at, first + at, second + at, third + at,
                              p.n_all - p.n_weights, core::without_penalty(*u.constants));
  for (std::int64_t end = p.width; end <= p.n_weights; end += p.width) {  // 0 / 0 of a rule without epsilon
    for (std::int64_t i = end - p.width + p.n_features; i < end; ++i) u.parameters[i] = 0.0F;
  }
}

/// The variants that a rule has; others are those without the flags that it does not read.
UpdatePass choose_update(core::Rule rule, core::RuleFlags f) {
  using core::Rule;
  using core::RuleFlags;
  switch (rule) {
    case Rule::kMomentum:
      if (f.keras && f.nesterov) return update_pass<Rule::kMomentum, RuleFlags{.keras = true, .nesterov = true}>;
      if (f.keras) return update_pass<Rule::kMomentum, RuleFlags{.keras = true}>;
      if (f.nesterov) return update_pass<Rule::kMomentum, RuleFlags{.nesterov = true}>;
      return update_pass<Rule::kMomentum, RuleFlags{}>;
    case Rule::kAdagrad:
      return f.keras ? update_pass<Rule::kAdagrad, RuleFlags{.keras = true}> : update_pass<Rule::kAdagrad, RuleFlags{}>;
    case Rule::kRmsprop: {
      constexpr Rule kRule = Rule::kRmsprop;
      constexpr UpdatePass kPasses[8] = {
          update_pass<kRule, RuleFlags{}>,
          update_pass<kRule, RuleFlags{.keras = true}>,
          update_pass<kRule, RuleFlags{.centered = true}>,
          update_pass<kRule, RuleFlags{.keras = true, .centered = true}>,
          update_pass<kRule, RuleFlags{.heavy_ball = true}>,
          update_pass<kRule, RuleFlags{.keras = true, .heavy_ball = true}>,
          update_pass<kRule, RuleFlags{.centered = true, .heavy_ball = true}>,
          update_pass<kRule, RuleFlags{.keras = true, .centered = true, .heavy_ball = true}>,
      };
      return kPasses[(f.keras ? 1 : 0) + (f.centered ? 2 : 0) + (f.heavy_ball ? 4 : 0)];
    }
    case Rule::kAdam:
      return f.amsgrad ? update_pass<Rule::kAdam, RuleFlags{.amsgrad = true}> : update_pass<Rule::kAdam, RuleFlags{}>;
    case Rule::kNadam: return update_pass<Rule::kNadam, RuleFlags{}>;
    case Rule::kLion: return update_pass<Rule::kLion, RuleFlags{}>;
    case Rule::kFtrl: return update_pass<Rule::kFtrl, RuleFlags{}>;
    case Rule::kAveragedSgd: return update_pass<Rule::kAveragedSgd, RuleFlags{}>;
    case Rule::kSgd: break;
  }
  return update_pass<Rule::kSgd, RuleFlags{}>;
}

void add_pass(float* into, const float* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kStep) store(into + i, load<Floats8>(into + i) + load<Floats8>(from + i));
}

}  // namespace
}  // namespace slalom::cpu
