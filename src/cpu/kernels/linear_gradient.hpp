// SPDX-License-Identifier: Apache-2.0
// Loss and gradient of a chunk of rows. Computes, for a tile of rows that stays in L1: the dot products of four rows at
// a time with the weights of an output; then losses and derivatives of all rows, a vector of rows at a time; then the
// gradient, eight rows at a time. Orders of sums are fixed by the sizes. Bound by loads from L1, or by reading the rows.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/losses.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

constexpr std::int64_t kGroup = 8;  ///< rows whose parts of the gradient are added pairwise

/// What is known of the rows of a tile. Rows up to the next multiple of kGroup repeat the first with weight 0.
struct Tile {
  const float* row[kMostTile];
  const float* soon[kMostTile];  ///< rows to prefetch
  std::int64_t begin = 0;        ///< first row in the chunk
  std::int64_t count = 0;        ///< rows
  std::int64_t padded = 0;       ///< a multiple of kGroup
  float terms = 1.0F;            ///< of the mean
  float* z = nullptr;            ///< [n_outputs, LinearProblem::tile] outputs, then derivatives of the batch's mean loss
  float* y = nullptr;            ///< likewise: targets
  float* weight = nullptr;       ///< [tile]
  float* scale = nullptr;        ///< [tile] weight / terms
  double sums[kGroup] = {};      ///< losses of row r of each tile in element r % kGroup
};

template <int kStride>
[[gnu::always_inline]] inline void find_rows(const LinearProblem& p, const LinearPass& pass, Tile& tile) {
  const std::int64_t stride = kStride > 0 ? kStride : p.stride;
  const std::uint32_t* rows = pass.rows + tile.begin;
  for (std::int64_t r = 0; r < tile.count; ++r) tile.row[r] = p.features + rows[r] * stride;
  for (std::int64_t r = tile.count; r < tile.padded; ++r) tile.row[r] = tile.row[0];
  if (p.ahead == 0) return;
  for (std::int64_t r = 0; r < tile.padded; ++r) {
    const std::int64_t at = tile.begin + r + p.ahead;
    std::uint32_t row = rows[0];
    if (at < pass.n) {
      row = pass.rows[at];
    } else if (at - pass.n < pass.n_next) {
      row = pass.next[at - pass.n];
    }
    tile.soon[r] = p.features + row * stride;
    if (p.targets != nullptr) __builtin_prefetch(p.targets + row * p.n_outputs);
  }
}

[[gnu::always_inline]] inline void gather_targets(const LinearProblem& p, const std::uint32_t* rows, Tile& tile) {
  for (std::int64_t j = 0; j < p.n_outputs; ++j) {
    float* y = tile.y + j * p.tile;
    for (std::int64_t r = 0; r < tile.count; ++r) y[r] = p.targets[rows[r] * p.n_outputs + j];
    for (std::int64_t r = tile.count; r < tile.padded; ++r) y[r] = y[0];
  }
}

[[gnu::always_inline]] inline void weigh(const LinearProblem& p, const std::uint32_t* rows, Tile& tile) {
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

/// A row of at most 8 features; features beyond kStride are zero and left out where a vector of 4 will do.
template <int kStride>
[[gnu::always_inline]] inline auto load_row(const float* row) {
  if constexpr (kStride == 8) {
    return load<Floats8>(row);
  } else if constexpr (kStride == 4) {
    return load<Floats4>(row);
  } else if constexpr (kStride == 2) {
    return Floats4{row[0], row[1], 0.0F, 0.0F};
  } else {
    return Floats4{row[0], 0.0F, 0.0F, 0.0F};
  }
}
[[gnu::always_inline]] inline Floats4 fold(Floats4 v) { return v; }

/// Four rows' dot products with w: [width].
template <int kStride, bool kPrefetch>
[[gnu::always_inline]] inline Floats4 dot4(const float* w, const float* const* row, const float* const* soon,
                                           std::int64_t width) {
  if constexpr (kStride > 0) {
    using Row = decltype(load_row<kStride>(w));
    const Row weights = load<Row>(w);
    if constexpr (kPrefetch) {
      for (int r = 0; r < 4; ++r) __builtin_prefetch(soon[r]);
    }
    return sums_of(fold(weights * load_row<kStride>(row[0])), fold(weights * load_row<kStride>(row[1])),
                   fold(weights * load_row<kStride>(row[2])), fold(weights * load_row<kStride>(row[3])));
  } else {
    LaneSum sum[4];
    std::int64_t i = 0;
    for (; i + kLanes <= width; i += kLanes) {
      Floats weights[kParts];
#pragma GCC unroll 2
      for (std::int64_t p = 0; p < kParts; ++p) weights[p] = load<Floats>(w + i + p * kWidth);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
        if constexpr (kPrefetch) __builtin_prefetch(soon[r] + i);
        sum[r].add_product(weights, row[r] + i);
      }
    }
    Floats8 rest[4] = {};
    if (i < width) {
      const auto weights = load<Floats8>(w + i);
#pragma GCC unroll 4
      for (int r = 0; r < 4; ++r) {
        if constexpr (kPrefetch) __builtin_prefetch(soon[r] + i);
        rest[r] = weights * load<Floats8>(row[r] + i);
      }
    }
    return sums_of(sum[0].folded(rest[0]), sum[1].folded(rest[1]), sum[2].folded(rest[2]), sum[3].folded(rest[3]));
  }
}

template <int kStride, bool kPrefetch>
[[gnu::always_inline]] inline void dots_of_output(const LinearProblem& p, const float* w, float bias, Tile& tile,
                                                  float* z) {
  for (std::int64_t r = 0; r < tile.count; r += 4) {
    store(z + r, dot4<kStride, kPrefetch>(w, tile.row + r, tile.soon + r, p.width) + bias);
  }
  if ((tile.count + 3) / 4 * 4 < tile.padded) {
    for (std::int64_t r = tile.padded - 4; r < tile.padded; ++r) z[r] = z[0];
  }
}

/// The outputs of a tile's rows.
template <int kStride>
[[gnu::noinline]] void forward(const LinearProblem& p, const LinearPass& pass, Tile& tile) {
  find_rows<kStride>(p, pass, tile);
  const float* bias = pass.parameters + p.n_weights;
  std::int64_t j = 0;
  if (p.ahead != 0) {
    dots_of_output<kStride, true>(p, pass.parameters, bias[0], tile, tile.z);
    j = 1;
  }
  for (; j < p.n_outputs; ++j) {
    dots_of_output<kStride, false>(p, pass.parameters + j * p.width, bias[j], tile, tile.z + j * p.tile);
  }
}

/// A column of z: the logits of one row.
struct Logits {
  float* z;
  std::int64_t step;
  [[gnu::always_inline]] float& operator[](std::int64_t j) const { return z[j * step]; }
};

/// Replaces outputs by derivatives and adds up the weighted losses.
template <LossKind kLoss>
[[gnu::noinline]] void losses(const LinearProblem& p, const LinearPass& pass, Tile& tile) {
  const std::uint32_t* rows = pass.rows + tile.begin;
  weigh(p, rows, tile);
  if constexpr (kLoss == LossKind::kCrossEntropy) {
    for (std::int64_t r = 0; r < tile.count; ++r) {
      const Logits z{tile.z + r, p.tile};
      const float scale = tile.scale[r];
      const float loss = core::cross_entropy(z, p.n_outputs, p.labels[rows[r]], core::OneLane{},
                                             [&](std::int64_t j, float d) { z[j] = scale * d; });
      tile.sums[r % kGroup] += static_cast<double>(tile.weight[r]) * static_cast<double>(loss);
    }
    for (std::int64_t j = 0; j < p.n_outputs; ++j) {
      for (std::int64_t r = tile.count; r < tile.padded; ++r) tile.z[j * p.tile + r] = 0.0F;
    }
  } else {
    gather_targets(p, rows, tile);
    double sums[kGroup];
    std::memcpy(sums, tile.sums, sizeof sums);
    for (std::int64_t j = 0; j < p.n_outputs; ++j) {
      float* z = tile.z + j * p.tile;
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

/// Sum of eight rows, each scaled by its derivative.
template <class Vector, class Load>
[[gnu::always_inline]] inline Vector weighted_sum(const float* d, const float* const* row, Load&& load_part) {
  const Vector s01 = load_part(row[0]) * d[0] + load_part(row[1]) * d[1];
  const Vector s23 = load_part(row[2]) * d[2] + load_part(row[3]) * d[3];
  const Vector s45 = load_part(row[4]) * d[4] + load_part(row[5]) * d[5];
  const Vector s67 = load_part(row[6]) * d[6] + load_part(row[7]) * d[7];
  return (s01 + s23) + (s45 + s67);
}

/// Adds a tile's part of one output's gradient.
template <int kStride>
[[gnu::always_inline]] inline void add_rows(const LinearProblem& p, const Tile& tile, const float* derivatives,
                                            float* gradient) {
  if constexpr (kStride > 0) {
    using Row = decltype(load_row<kStride>(gradient));
    Row sum = load<Row>(gradient);
    for (std::int64_t r = 0; r < tile.padded; r += kGroup) {
      sum += weighted_sum<Row>(derivatives + r, tile.row + r,
                               [](const float* x) { return load_row<kStride>(x); });
    }
    store(gradient, sum);
  } else {
    std::int64_t r = 0;
    for (; r + kGroup <= tile.count; r += kGroup) {
      float d[kGroup];
      const float* row[kGroup];
      std::memcpy(d, derivatives + r, sizeof d);
      std::memcpy(row, tile.row + r, sizeof row);
      std::int64_t i = 0;
      for (; i + kWidth <= p.width; i += kWidth) {
        const auto part = [i](const float* x) __attribute__((always_inline)) { return load<Floats>(x + i); };
        store(gradient + i, load<Floats>(gradient + i) + weighted_sum<Floats>(d, row, part));
      }
      if (i < p.width) {
        const auto part = [i](const float* x) __attribute__((always_inline)) { return load<Floats8>(x + i); };
        store(gradient + i, load<Floats8>(gradient + i) + weighted_sum<Floats8>(d, row, part));
      }
    }
    for (; r < tile.count; ++r) {
      for (std::int64_t i = 0; i < p.width; i += kGroup) {
        store(gradient + i, load<Floats8>(gradient + i) + load<Floats8>(tile.row[r] + i) * derivatives[r]);
      }
    }
  }
}

/// Adds a tile's part of the gradient.
template <int kStride>
[[gnu::noinline]] void backward(const LinearProblem& p, const Tile& tile, float* gradient) {
  for (std::int64_t j = 0; j < p.n_outputs; ++j) {
    const float* derivatives = tile.z + j * p.tile;
    add_rows<kStride>(p, tile, derivatives, gradient + j * p.width);
    Floats8 sum{};
    for (std::int64_t r = 0; r < tile.padded; r += kGroup) sum += load<Floats8>(derivatives + r);
    gradient[p.n_weights + j] += sum_of(sum);
  }
}

/// kStride: the rows' stride if they fit one vector, otherwise 0.
template <LossKind kLoss, int kStride>
double gradient_pass(const LinearProblem& p, const LinearPass& pass) {
  for (std::int64_t i = 0; i < p.n_all; i += kGroup) store(pass.gradient + i, Floats8{});
  const std::int64_t terms = pass.batch_rows * (kLoss == LossKind::kCrossEntropy ? 1 : p.n_outputs);
  Tile tile;
  tile.terms = static_cast<float>(terms);
  tile.z = pass.scratch;
  tile.y = tile.z + p.n_outputs * p.tile;
  tile.weight = tile.y + p.n_outputs * p.tile;
  tile.scale = tile.weight + p.tile;
  for (; tile.begin < pass.n; tile.begin += p.tile) {
    tile.count = pass.n - tile.begin < p.tile ? pass.n - tile.begin : p.tile;
    tile.padded = (tile.count + kGroup - 1) / kGroup * kGroup;
    forward<kStride>(p, pass, tile);
    losses<kLoss>(p, pass, tile);
    backward<kStride>(p, tile, pass.gradient);
  }
  const double* s = tile.sums;
  return (((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))) / static_cast<double>(terms);
}

template <LossKind kLoss>
GradientPass gradient_for(std::int64_t stride) {
  switch (stride) {
    case 1: return gradient_pass<kLoss, 1>;
    case 2: return gradient_pass<kLoss, 2>;
    case 4: return gradient_pass<kLoss, 4>;
    case 8: return gradient_pass<kLoss, 8>;
    default: return gradient_pass<kLoss, 0>;
  }
}

GradientPass choose_gradient(LossKind loss, std::int64_t stride) {
  switch (loss) {
    case LossKind::kMae: return gradient_for<LossKind::kMae>(stride);
    case LossKind::kHuber: return gradient_for<LossKind::kHuber>(stride);
    case LossKind::kQuantile: return gradient_for<LossKind::kQuantile>(stride);
    case LossKind::kBce: return gradient_for<LossKind::kBce>(stride);
    case LossKind::kHinge: return gradient_for<LossKind::kHinge>(stride);
    case LossKind::kCrossEntropy: return gradient_for<LossKind::kCrossEntropy>(stride);
    default: return gradient_for<LossKind::kMse>(stride);
  }
}

}  // namespace
}  // namespace slalom::cpu
