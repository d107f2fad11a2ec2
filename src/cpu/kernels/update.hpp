// SPDX-License-Identifier: Apache-2.0
// The parts of an optimiser step: whether a gradient is finite, clipping, and a loop over vectors of parameters for each
// rule and its variants. Bound by square roots and divisions.
#pragma once

#include <bit>
#include <cstdint>

#include "core/clip.hpp"
#include "core/rules.hpp"
#include "cpu/kernels/vectors.hpp"

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

void clip_by_value(float* gradient, std::int64_t n, float limit) {
  for (std::int64_t i = 0; i < n; ++i) gradient[i] = core::clip_by_value(gradient[i], limit);
}

/// In float64, in eight lanes.
double sum_of_squares(const float* gradient, std::int64_t n) {
  double squares[kStep] = {};
  for (std::int64_t i = 0; i < n; i += kStep) {
    for (std::int64_t lane = 0; lane < kStep; ++lane) {
      const auto g = static_cast<double>(gradient[i + lane]);
      squares[lane] += g * g;
    }
  }
  double sum = 0.0;
  for (const double square : squares) sum += square;
  return sum;
}

void scale(float* gradient, std::int64_t n, float factor) {
  for (std::int64_t i = 0; i < n; ++i) gradient[i] *= factor;
}

template <core::Rule kRule, core::RuleFlags kFlags>
[[gnu::always_inline]] inline void update_vectors(float* __restrict parameters, const float* __restrict gradient,
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

/// kFlags without no_l1: that is seen here.
template <core::Rule kRule, core::RuleFlags kFlags>
[[gnu::always_inline]] inline void update_range(float* parameters, const float* gradient, float* first, float* second,
                                                float* third, std::int64_t n,
                                                const core::StepConstants<float>& constants) {
  if (constants.threshold == 0.0F) {
    constexpr core::RuleFlags kNoL1 = [] {
      core::RuleFlags flags = kFlags;
      flags.no_l1 = kRule != core::Rule::kFtrl;
      return flags;
    }();
    update_vectors<kRule, kNoL1>(parameters, gradient, first, second, third, n, constants);
  } else {
    update_vectors<kRule, kFlags>(parameters, gradient, first, second, third, n, constants);
  }
}

/// Calls visit.operator()<kRule, kFlags>() with one of the variants that a rule has: the one with those of `f` that it
/// reads.
template <class Visit>
auto with_variant(core::Rule rule, core::RuleFlags f, Visit&& visit) {
  using core::Rule;
  using core::RuleFlags;
  switch (rule) {
    case Rule::kMomentum:
      if (f.keras && f.nesterov) {
        return visit.template operator()<Rule::kMomentum, RuleFlags{.keras = true, .nesterov = true}>();
      }
      if (f.keras) return visit.template operator()<Rule::kMomentum, RuleFlags{.keras = true}>();
      if (f.nesterov) return visit.template operator()<Rule::kMomentum, RuleFlags{.nesterov = true}>();
      return visit.template operator()<Rule::kMomentum, RuleFlags{}>();
    case Rule::kAdagrad:
      if (f.keras) return visit.template operator()<Rule::kAdagrad, RuleFlags{.keras = true}>();
      return visit.template operator()<Rule::kAdagrad, RuleFlags{}>();
    case Rule::kRmsprop: {
      constexpr Rule kRule = Rule::kRmsprop;
      if (f.centered && f.heavy_ball) {
        if (f.keras) {
          return visit.template operator()<kRule, RuleFlags{.keras = true, .centered = true, .heavy_ball = true}>();
        }
        return visit.template operator()<kRule, RuleFlags{.centered = true, .heavy_ball = true}>();
      }
      if (f.centered) {
        if (f.keras) return visit.template operator()<kRule, RuleFlags{.keras = true, .centered = true}>();
        return visit.template operator()<kRule, RuleFlags{.centered = true}>();
      }
      if (f.heavy_ball) {
        if (f.keras) return visit.template operator()<kRule, RuleFlags{.keras = true, .heavy_ball = true}>();
        return visit.template operator()<kRule, RuleFlags{.heavy_ball = true}>();
      }
      if (f.keras) return visit.template operator()<kRule, RuleFlags{.keras = true}>();
      return visit.template operator()<kRule, RuleFlags{}>();
    }
    case Rule::kAdam:
      if (f.amsgrad) return visit.template operator()<Rule::kAdam, RuleFlags{.amsgrad = true}>();
      return visit.template operator()<Rule::kAdam, RuleFlags{}>();
    case Rule::kNadam: return visit.template operator()<Rule::kNadam, RuleFlags{}>();
    case Rule::kLion: return visit.template operator()<Rule::kLion, RuleFlags{}>();
    case Rule::kFtrl: return visit.template operator()<Rule::kFtrl, RuleFlags{}>();
    case Rule::kAveragedSgd: return visit.template operator()<Rule::kAveragedSgd, RuleFlags{}>();
    case Rule::kSgd: break;
  }
  return visit.template operator()<Rule::kSgd, RuleFlags{}>();
}

}  // namespace
}  // namespace slalom::cpu
