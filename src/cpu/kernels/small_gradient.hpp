// SPDX-License-Identifier: Apache-2.0
// Loss and gradient of a chunk of rows that have 5 to 8 features and one output: weights and gradient stay in
// registers, eight rows at a time go through all stages at once. Bound by the number of instructions and the latency of
// a step.
#pragma once

#include <cstdint>

#include "core/losses.hpp"
#include "cpu/kernels/tile_rows.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

[[gnu::always_inline]] inline bool fits_small_pass(const LinearProblem& p) {
  return p.stride == 8 && p.n_outputs == 1 && p.row_weights == nullptr && p.ahead == 0;
}

template <LossKind kLoss>
double small_pass(const LinearProblem& p, const LinearPass& pass) {
  const float terms = static_cast<float>(pass.batch_rows);
  const float* const features = p.features;
  const float* const from = p.targets;
  const float bias = pass.parameters[p.n_weights];
  Floats8 gradient{};
  Floats8 bias_gradient{};
  double sums[kGroup] = {};
  const auto add_group = [&](const std::uint32_t* rows, Floats8 weight, Floats8 scale) __attribute__((always_inline)) {
    const auto at = [&](int r) __attribute__((always_inline)) { return features + std::size_t{rows[r]} * 8; };
    const float* const row[kGroup] = {at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7)};
    const Floats8 z = join(dot4<8, Ahead::kNothing>(p, pass.parameters, row, row),
                           dot4<8, Ahead::kNothing>(p, pass.parameters, row + 4, row + 4)) +
                      bias;
    const Floats8 y{from[rows[0]], from[rows[1]], from[rows[2]], from[rows[3]],
                    from[rows[4]], from[rows[5]], from[rows[6]], from[rows[7]]};
    float value[kGroup];
    float derivative[kGroup];
    for (std::int64_t lane = 0; lane < kGroup; ++lane) {
      const core::LossPair<float> pair = core::pointwise_loss(kLoss, z[lane], y[lane], p.loss_constant);
      value[lane] = pair.loss;
      derivative[lane] = pair.derivative;
    }
    const Floats8 scaled = load<Floats8>(derivative) * scale;
    store(derivative, scaled);
    gradient += weighted_sum<Floats8>(derivative, row, [](const float* x) { return load<Floats8>(x); });
    bias_gradient += scaled;
    store(value, load<Floats8>(value) * weight);
    for (std::int64_t lane = 0; lane < kGroup; ++lane) sums[lane] += static_cast<double>(value[lane]);
  };
  std::int64_t r = 0;
  const Floats8 ones = 1.0F - Floats8{};
  const Floats8 scales = ones / terms;
  for (; r + kGroup <= pass.n; r += kGroup) add_group(pass.rows + r, ones, scales);
  if (r < pass.n) {
    std::uint32_t rows[kGroup];  // the rest, filled up with its first row and weight 0
    float weight[kGroup];
    for (std::int64_t lane = 0; lane < kGroup; ++lane) {
      rows[lane] = pass.rows[r + lane < pass.n ? r + lane : r];
      weight[lane] = r + lane < pass.n ? 1.0F : 0.0F;
    }
    add_group(rows, load<Floats8>(weight), load<Floats8>(weight) * scales);
  }
  store(pass.gradient, gradient);
  store(pass.gradient + p.n_weights, Floats8{sum_of(bias_gradient)});
  return (((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]))) /
         static_cast<double>(terms);
}

}  // namespace
}  // namespace slalom::cpu
