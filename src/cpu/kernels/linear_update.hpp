// SPDX-License-Identifier: Apache-2.0
// The optimiser step of a model without hidden layers as one pass.
#pragma once

#include <cstdint>

#include "core/rules.hpp"
#include "cpu/kernels/update.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

/// By value, then by norm.
[[gnu::always_inline]] inline void clip(float* gradient, std::int64_t n, float limit, double norm) {
  if (limit > 0.0F) clip_by_value(gradient, n, limit);
  if (norm > 0.0) scale(gradient, n, core::clip_by_norm_factor<float>(sum_of_squares(gradient, n), norm));
}

template <core::Rule kRule, core::RuleFlags kFlags>
void update_pass(const LinearProblem& p, const LinearUpdate& u) {
  if (u.clip_value > 0.0F || u.clip_norm > 0.0) clip(u.gradient, p.n_all, u.clip_value, u.clip_norm);
  const auto slot = [&](int s, std::int64_t from) { return s < u.n_slots ? u.state + s * p.n_all + from : nullptr; };
  update_range<kRule, kFlags>(u.parameters, u.gradient, slot(0, 0), slot(1, 0), slot(2, 0), p.n_weights, *u.constants);
  const std::int64_t at = p.n_weights;
  update_range<kRule, kFlags>(u.parameters + at, u.gradient + at, slot(0, at), slot(1, at), slot(2, at),
                              p.n_all - p.n_weights, core::without_penalty(*u.constants));
  for (std::int64_t end = p.width; end <= p.n_weights; end += p.width) {  // 0 / 0 of a rule without epsilon
    for (std::int64_t i = end - p.width + p.n_features; i < end; ++i) u.parameters[i] = 0.0F;
  }
}

UpdatePass choose_update(core::Rule rule, core::RuleFlags flags) {
  return with_variant(
      rule, flags, []<core::Rule kRule, core::RuleFlags kFlags>() -> UpdatePass { return update_pass<kRule, kFlags>; });
}

void add_pass(float* into, const float* from, std::int64_t n) {
  for (std::int64_t i = 0; i < n; i += kStep) store(into + i, load<Floats8>(into + i) + load<Floats8>(from + i));
}

}  // namespace
}  // namespace slalom::cpu
