// SPDX-License-Identifier: Apache-2.0
// Losses and derivatives of a tile of rows, a vector of rows at a time.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/losses.hpp"
#include "cpu/kernels/tile_rows.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

/// A tile of rows. Rows up to the next multiple of kGroup have weight 0.
struct RowLosses {
  std::int64_t begin = 0;   ///< first row in the chunk
  std::int64_t count = 0;   ///< rows
  std::int64_t padded = 0;  ///< a multiple of kGroup
  float terms = 1.0F;       ///< of the mean
  float* z = nullptr;       ///< [n_outputs, z_row] outputs, then derivatives of the batch's mean loss
  std::int64_t z_row = 0;
  float* y = nullptr;        ///< [n_outputs, LinearProblem::tile] targets
  float* weight = nullptr;   ///< [tile]
  float* scale = nullptr;    ///< [tile] weight / terms
  double sums[kGroup] = {};  ///< losses of row r of each tile in element r % kGroup
};

/// Floats: (n_outputs + 2) * tile.
[[gnu::always_inline]] inline void use_scratch(const LinearProblem& p, float* scratch, RowLosses& tile) {
  tile.y = scratch;
  tile.weight = tile.y + p.n_outputs * p.tile;
  tile.scale = tile.weight + p.tile;
}

template <LossKind kLoss>
[[gnu::always_inline]] inline std::int64_t terms_of(const LinearProblem& p, const LinearPass& pass) {
  return pass.batch_rows * (kLoss == LossKind::kCrossEntropy ? 1 : p.n_outputs);
}

[[gnu::always_inline]] inline double total(const RowLosses& tile) {
  const double* s = tile.sums;
  return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

[[gnu::always_inline]] inline void gather_targets(const LinearProblem& p, const std::uint32_t* rows, RowLosses& tile) {
  const std::int64_t k = p.n_outputs;
  for (std::int64_t j = 0; j < k; ++j) {
    const float* from = p.targets + j;
    float* y = tile.y + j * p.tile;
    std::int64_t r = 0;
    for (; r + kGroup <= tile.count; r += kGroup) {
      const std::uint32_t* at = rows + r;
      store(y + r, Floats8{from[at[0] * k], from[at[1] * k], from[at[2] * k], from[at[3] * k], from[at[4] * k],
                           from[at[5] * k], from[at[6] * k], from[at[7] * k]});
    }
    for (; r < tile.padded; ++r) y[r] = r < tile.count ? from[rows[r] * k] : y[0];
  }
}

[[gnu::always_inline]] inline void weigh(const LinearProblem& p, const std::uint32_t* rows, RowLosses& tile) {
  const auto all = [&](float* into, float value) {
    for (std::int64_t r = 0; r < tile.padded; r += kGroup) store(into + r, value - Floats8{});
  };
  all(tile.weight, 1.0F);
  all(tile.scale, 1.0F / tile.terms);
  if (p.row_weights != nullptr) {
    for (std::int64_t r = 0; r < tile.count; ++r) {
      tile.weight[r] = p.row_weights[rows[r]];
      tile.scale[r] = tile.weight[r] / tile.terms;
    }
  }
  for (std::int64_t r = tile.count; r < tile.padded; ++r) tile.weight[r] = tile.scale[r] = 0.0F;
}

/// A column of z: the logits of one row.
struct Logits {
  float* z;
  std::int64_t step;
  [[gnu::always_inline]] float& operator[](std::int64_t j) const { return z[j * step]; }
};

/// Replaces outputs by derivatives and adds up the weighted losses.
template <LossKind kLoss>
[[gnu::noinline]] void losses(const LinearProblem& p, const LinearPass& pass, RowLosses& tile) {
  const std::uint32_t* rows = pass.rows + tile.begin;
  weigh(p, rows, tile);
  if constexpr (kLoss == LossKind::kCrossEntropy) {
    for (std::int64_t r = 0; r < tile.count; ++r) {
      const Logits z{tile.z + r, tile.z_row};
      const float scale = tile.scale[r];
      const float loss = core::cross_entropy(z, p.n_outputs, p.labels[rows[r]], core::OneLane{},
                                             [&](std::int64_t j, float d) { z[j] = scale * d; });
      tile.sums[r % kGroup] += static_cast<double>(tile.weight[r]) * static_cast<double>(loss);
    }
    for (std::int64_t j = 0; j < p.n_outputs; ++j) {
      for (std::int64_t r = tile.count; r < tile.padded; ++r) tile.z[j * tile.z_row + r] = 0.0F;
    }
  } else {
    gather_targets(p, rows, tile);
    double sums[kGroup];
    std::memcpy(sums, tile.sums, sizeof sums);
    for (std::int64_t j = 0; j < p.n_outputs; ++j) {
      float* z = tile.z + j * tile.z_row;
      const float* y = tile.y + j * p.tile;
      for (std::int64_t r = 0; r < tile.padded; r += kGroup) {
        float value[kGroup];
        float derivative[kGroup];
        for (std::int64_t lane = 0; lane < kGroup; ++lane) {
          const core::LossPair<float> pair = core::pointwise_loss(kLoss, z[r + lane], y[r + lane], p.loss_constant);
          value[lane] = pair.loss;
          derivative[lane] = pair.derivative;
        }
        store(z + r, load<Floats8>(tile.scale + r) * load<Floats8>(derivative));
        for (std::int64_t lane = 0; lane < kGroup; ++lane) {
          sums[lane] += static_cast<double>(tile.weight[r + lane]) * static_cast<double>(value[lane]);
        }
      }
    }
    std::memcpy(tile.sums, sums, sizeof sums);
  }
}

/// Calls visit.operator()<kLoss>().
template <class Visit>
auto with_loss(LossKind loss, Visit&& visit) {
  switch (loss) {
    case LossKind::kMae: return visit.template operator()<LossKind::kMae>();
    case LossKind::kHuber: return visit.template operator()<LossKind::kHuber>();
    case LossKind::kQuantile: return visit.template operator()<LossKind::kQuantile>();
    case LossKind::kBce: return visit.template operator()<LossKind::kBce>();
    case LossKind::kHinge: return visit.template operator()<LossKind::kHinge>();
    case LossKind::kCrossEntropy: return visit.template operator()<LossKind::kCrossEntropy>();
    default: return visit.template operator()<LossKind::kMse>();
  }
}

}  // namespace
}  // namespace slalom::cpu
