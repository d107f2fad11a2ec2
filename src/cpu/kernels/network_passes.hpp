// SPDX-License-Identifier: Apache-2.0
// What a network's training step does between matrix products: activations, batch normalisation, losses and sums of
// columns. Loops over rows and groups of eight columns. Bound by L1 and L2, or by the transcendental functions.
#pragma once

#include <cstdint>

#include "core/activations.hpp"
#include "core/batch_norm.hpp"
#include "core/dropout.hpp"
#include "cpu/kernels/row_losses.hpp"
#include "cpu/kernels/update.hpp"
#include "cpu/network_kernels.hpp"

namespace slalom::cpu {
namespace {

template <Activation kKind>
void activate_pass(const ActivationRows& a) {
  const float gain = core::dropout_gain<float>(a.dropout);
  for (std::int64_t i = 0; i < a.rows; ++i) {
    float* z = a.z + i * a.z_row;
    float* h = a.h + i * a.h_row;
    for (std::int64_t j = 0; j < a.columns; j += kGroup) {
      float value[kGroup];
      float slope[kGroup];
      for (std::int64_t lane = 0; lane < kGroup; ++lane) {
        value[lane] = core::activate(kKind, z[j + lane]);
        slope[lane] = core::activation_derivative(kKind, z[j + lane]);
      }
      if (a.dropout > 0.0F) {
        for (std::int64_t lane = 0; lane < kGroup; lane += 4) {
          const auto words = core::dropout_words(*a.key, a.first_row + i, (j + lane) / 4);
          for (std::size_t k = 0; k < 4; ++k) {
            const auto at = lane + static_cast<std::int64_t>(k);
            const float factor = core::dropout_keeps(words[k], a.dropout) ? gain : 0.0F;
            value[at] *= factor;
            slope[at] *= factor;
          }
        }
      }
      store(h + j, load<Floats8>(value));
      store(z + j, load<Floats8>(slope));
    }
  }
}

ActivatePass choose_activation(Activation kind) {
  switch (kind) {
    case Activation::kLeakyRelu: return activate_pass<Activation::kLeakyRelu>;
    case Activation::kTanh: return activate_pass<Activation::kTanh>;
    case Activation::kSigmoid: return activate_pass<Activation::kSigmoid>;
    case Activation::kGelu: return activate_pass<Activation::kGelu>;
    case Activation::kSilu: return activate_pass<Activation::kSilu>;
    default: return activate_pass<Activation::kRelu>;
  }
}

/// Calls body(column, columns) for groups of eight columns, of which the last may have fewer.
template <class Body>
[[gnu::always_inline]] inline void for_each_group(const NormColumns& c, Body&& body) {
  for (std::int64_t j = c.first; j < c.last; j += kGroup) body(j, c.last - j < kGroup ? c.last - j : kGroup);
}

/// Ioffe & Szegedy 2015: the batch's mean and (biased) variance; running statistics take the unbiased one.
void normalise_pass(const NormColumns& c) {
  const auto n = static_cast<double>(c.rows);
  for_each_group(c, [&](std::int64_t j, std::int64_t columns) {
    double mean[kGroup] = {};
    double squares[kGroup] = {};
    for (std::int64_t i = 0; i < c.rows; ++i) {
      const float* z = c.z + i * c.row + j;
      for (std::int64_t lane = 0; lane < kGroup; ++lane) mean[lane] += static_cast<double>(z[lane]);
    }
    for (double& value : mean) value /= n;
    for (std::int64_t i = 0; i < c.rows; ++i) {
      const float* z = c.z + i * c.row + j;
      for (std::int64_t lane = 0; lane < kGroup; ++lane) {
        const double d = static_cast<double>(z[lane]) - mean[lane];
        squares[lane] += d * d;
      }
    }
    float inverse[kGroup] = {};
    float centre[kGroup] = {};
    float gamma[kGroup] = {};
    float beta[kGroup] = {};
    for (std::int64_t lane = 0; lane < columns; ++lane) {
      inverse[lane] = static_cast<float>(core::batch_inverse_deviation(squares[lane] / n));
      centre[lane] = static_cast<float>(mean[lane]);
      gamma[lane] = c.gamma[j + lane];
      beta[lane] = c.beta[j + lane];
      c.inverse_deviation[j + lane] = inverse[lane];
      if (c.rows == 1) continue;  // one row has no variance to learn from
      c.running_mean[j + lane] = core::blend_running(c.running_mean[j + lane], mean[lane]);
      c.running_var[j + lane] = core::blend_running(c.running_var[j + lane], squares[lane] / (n - 1.0));
    }
    for (std::int64_t i = 0; i < c.rows; ++i) {
      float* z = c.z + i * c.row + j;
      float* normalised = c.normalised + i * c.row + j;
      for (std::int64_t lane = 0; lane < kGroup; ++lane) {
        normalised[lane] = (z[lane] - centre[lane]) * inverse[lane];
        z[lane] = core::scale_and_shift(normalised[lane], gamma[lane], beta[lane]);
      }
    }
  });
}

void normalise_running_pass(const NormColumns& c) {
  for_each_group(c, [&](std::int64_t j, std::int64_t columns) {
    float inverse[kGroup] = {};
    for (std::int64_t lane = 0; lane < columns; ++lane) {
      inverse[lane] = core::running_inverse_deviation(c.running_var[j + lane]);
    }
    for (std::int64_t i = 0; i < c.rows; ++i) {
      float* z = c.z + i * c.row + j;
      for (std::int64_t lane = 0; lane < columns; ++lane) {
        z[lane] = core::normalise_running(z[lane], c.running_mean[j + lane], inverse[lane], c.gamma[j + lane],
                                          c.beta[j + lane]);
      }
    }
  });
}

void column_sum_pass(const float* values, std::int64_t row, std::int64_t rows, std::int64_t columns, float* sums) {
  constexpr std::int64_t kAtOnce = 4;  // groups of columns: as many additions in flight
  std::int64_t j = 0;
  for (; j + kAtOnce * kGroup <= columns; j += kAtOnce * kGroup) {
    Floats8 sum[kAtOnce] = {};
    for (std::int64_t i = 0; i < rows; ++i) {
#pragma GCC unroll 4
      for (std::int64_t g = 0; g < kAtOnce; ++g) sum[g] += load<Floats8>(values + i * row + j + g * kGroup);
    }
    for (std::int64_t g = 0; g < kAtOnce; ++g) store(sums + j + g * kGroup, sum[g]);
  }
  for (; j < columns; j += kGroup) {
    Floats8 sum{};
    for (std::int64_t i = 0; i < rows; ++i) sum += load<Floats8>(values + i * row + j);
    store(sums + j, sum);
  }
}

float sum_pass(const float* values, std::int64_t n) {
  Floats8 sum{};
  for (std::int64_t i = 0; i < n; i += kGroup) sum += load<Floats8>(values + i);
  return sum_of(sum);
}

void normalise_backward_pass(const NormColumns& c) {
  for_each_group(c, [&](std::int64_t j, std::int64_t columns) {
    Floats8 beta_sum{};
    Floats8 gamma_sum{};
    for (std::int64_t i = 0; i < c.rows; ++i) {
      const auto delta = load<Floats8>(c.delta + i * c.row + j);
      beta_sum += delta;
      gamma_sum += delta * load<Floats8>(c.normalised + i * c.row + j);
    }
    core::NormBackward<float> unit[kGroup] = {};
    for (std::int64_t lane = 0; lane < columns; ++lane) {
      c.beta_gradient[j + lane] = beta_sum[lane];
      c.gamma_gradient[j + lane] = gamma_sum[lane];
      unit[lane] = {.share = 1.0F / static_cast<float>(c.rows),
                    .beta_gradient = beta_sum[lane],
                    .gamma_gradient = gamma_sum[lane],
                    .gamma = c.gamma[j + lane],
                    .inverse_deviation = c.inverse_deviation[j + lane]};
    }
    for (std::int64_t i = 0; i < c.rows; ++i) {
      float* delta = c.delta + i * c.row + j;
      const float* normalised = c.normalised + i * c.row + j;
      for (std::int64_t lane = 0; lane < columns; ++lane) {
        delta[lane] = core::normalise_derivative(delta[lane], normalised[lane], unit[lane]);
      }
    }
  });
}

template <LossKind kLoss>
double loss_pass(const LinearProblem& p, const LinearPass& pass, float* z, std::int64_t z_row) {
  const std::int64_t terms = terms_of<kLoss>(p, pass);
  RowLosses tile;
  tile.terms = static_cast<float>(terms);
  tile.z_row = z_row;
  use_scratch(p, pass.scratch, tile);
  for (; tile.begin < pass.n; tile.begin += p.tile) {
    tile.count = pass.n - tile.begin < p.tile ? pass.n - tile.begin : p.tile;
    tile.padded = (tile.count + kGroup - 1) / kGroup * kGroup;
    tile.z = z + tile.begin;
    losses<kLoss>(p, pass, tile);
  }
  return total(tile) / static_cast<double>(terms);
}

LossPass choose_loss(LossKind loss) {
  return with_loss(loss, []<LossKind kLoss>() -> LossPass { return loss_pass<kLoss>; });
}

template <core::Rule kRule, core::RuleFlags kFlags>
void update_range_pass(const UpdateRange& u) {
  update_range<kRule, kFlags>(u.parameters, u.gradient, u.slots[0], u.slots[1], u.slots[2], u.n, *u.constants);
}

UpdateRangePass choose_update_range(core::Rule rule, core::RuleFlags flags) {
  return with_variant(rule, flags, []<core::Rule kRule, core::RuleFlags kFlags>() -> UpdateRangePass {
    return update_range_pass<kRule, kFlags>;
  });
}

constexpr NetworkKernels kNetworkKernels{.activate = choose_activation,
                                         .loss = choose_loss,
                                         .normalise = normalise_pass,
                                         .normalise_running = normalise_running_pass,
                                         .normalise_backward = normalise_backward_pass,
                                         .column_sums = column_sum_pass,
                                         .sum = sum_pass,
                                         .update = choose_update_range,
                                         .all_finite = finite_pass,
                                         .clip_by_value = clip_by_value,
                                         .sum_of_squares = sum_of_squares,
                                         .scale = scale};

}  // namespace
}  // namespace slalom::cpu
