// SPDX-License-Identifier: Apache-2.0
// Loss and gradient of a chunk of rows. Computes, for a tile of rows that stays in L1: the dot products of four rows at
// a time with the weights of an output; then losses and derivatives of all rows, a vector of rows at a time; then the
// gradient, eight rows at a time. Orders of sums are fixed by the sizes. Bound by loads from L1, or by reading the
// rows.
#pragma once

#include <cstdint>
#include <cstring>

#include "cpu/kernels/row_losses.hpp"
#include "cpu/kernels/small_gradient.hpp"
#include "cpu/kernels/tile_rows.hpp"
#include "cpu/kernels/vectors.hpp"
#include "cpu/linear_kernels.hpp"

namespace slalom::cpu {
namespace {

/// What is known of the rows of a tile. Rows up to the next multiple of kGroup repeat the first with weight 0.
struct Tile : RowLosses {
  const float* row[kMostTile];
  const float* soon[kMostTile + kGroup];  ///< rows to prefetch, and the group after them
};

template <int kStride>
[[gnu::always_inline]] inline void find_rows(const LinearProblem& p, const LinearPass& pass, Tile& tile) {
  const std::int64_t stride = kStride > 0 ? kStride : p.stride;
  const std::uint32_t* rows = pass.rows + tile.begin;
  for (std::int64_t r = 0; r < tile.count; ++r) tile.row[r] = p.features + rows[r] * stride;
  for (std::int64_t r = tile.count; r < tile.padded; ++r) tile.row[r] = tile.row[0];
  if (p.ahead == 0) return;
  const std::int64_t n_soon = tile.padded + (p.early_step != 0 ? kGroup : 0);
  for (std::int64_t r = 0; r < n_soon; ++r) {
    const std::int64_t at = tile.begin + r + p.ahead;
    std::uint32_t row = rows[0];
    if (at < pass.n) {
      row = pass.rows[at];
    } else if (at - pass.n < pass.n_next) {
      row = pass.next[at - pass.n];
    }
    tile.soon[r] = p.features + row * stride;
    if (p.targets != nullptr && r < tile.padded) __builtin_prefetch(p.targets + row * p.n_outputs);
  }
}

template <int kStride, Ahead kAhead>
[[gnu::always_inline]] inline void dots_of_output(const LinearProblem& p, const float* w, float bias, Tile& tile,
                                                  float* z) {
  for (std::int64_t r = 0; r < tile.padded; r += kGroup) {
    const Floats4 low = dot4<kStride, kAhead>(p, w, tile.row + r, tile.soon + r);
    const bool half = r + 4 >= tile.count;  // the rest repeats the first row
    const Floats4 high = half ? low : dot4<kStride, kAhead>(p, w, tile.row + r + 4, tile.soon + r + 4);
    store(z + r, join(low, high) + bias);  // all eight at once: as they are loaded again
  }
}

/// The outputs of a tile's rows.
template <int kStride>
[[gnu::noinline]] void forward(const LinearProblem& p, const LinearPass& pass, Tile& tile) {
  find_rows<kStride>(p, pass, tile);
  const float* bias = pass.parameters + p.n_weights;
  std::int64_t j = 0;
  if (p.ahead != 0) {
    if (p.early_step != 0) {
      dots_of_output<kStride, Ahead::kRowsAndFirstLines>(p, pass.parameters, bias[0], tile, tile.z);
    } else {
      dots_of_output<kStride, Ahead::kRows>(p, pass.parameters, bias[0], tile, tile.z);
    }
    j = 1;
  }
  for (; j < p.n_outputs; ++j) {
    dots_of_output<kStride, Ahead::kNothing>(p, pass.parameters + j * p.width, bias[j], tile, tile.z + j * p.tile);
  }
}

/// gradient += what `sum_of_part` makes of each vector of columns; it gets a function that reads that part of a row.
template <class Vector, bool kCompact, class SumOfPart>
[[gnu::always_inline]] inline void add_columns(const LinearProblem& p, float* gradient, SumOfPart&& sum_of_part) {
  constexpr std::int64_t kStep = sizeof(Vector) / sizeof(float);
  std::int64_t i = 0;
  for (; i + kLanes <= p.width; i += kLanes) {
    with_columns<kCompact>(
        p.compact, i, [&](auto columns) __attribute__((always_inline)) {
          for (std::int64_t offset = 0; offset < kLanes; offset += kStep) {
            const auto part = [&](const float* row) __attribute__((always_inline)) {
              return columns.template part<Vector>(row, offset);
            };
            store(gradient + i + offset, load<Vector>(gradient + i + offset) + sum_of_part(part));
          }
        });
  }
  if (i < p.width) {
    with_columns<kCompact>(
        p.compact, i, [&](auto columns) __attribute__((always_inline)) {
          const auto part = [&](const float* row) __attribute__((always_inline)) {
            return columns.template part<Floats8>(row, 0);
          };
          store(gradient + i, load<Floats8>(gradient + i) + sum_of_part(part));
        });
  }
}

/// Adds a tile's part of one output's gradient.
template <int kStride>
[[gnu::always_inline]] inline void add_rows(const LinearProblem& p, const Tile& tile, const float* derivatives,
                                            float* gradient) {
  if constexpr (kStride > 0) {
    using Row = decltype(load_row<kStride>(gradient));
    Row sum = load<Row>(gradient);
    for (std::int64_t r = 0; r < tile.padded; r += kGroup) {
      sum += weighted_sum<Row>(derivatives + r, tile.row + r, [](const float* x) { return load_row<kStride>(x); });
    }
    store(gradient, sum);
  } else {
    std::int64_t r = 0;
    for (; r + kGroup <= tile.count; r += kGroup) {
      float d[kGroup];
      const float* row[kGroup];
      std::memcpy(d, derivatives + r, sizeof d);
      std::memcpy(row, tile.row + r, sizeof row);
      add_columns<Floats, kStride == kCompactRows>(
          p, gradient, [&](auto part) __attribute__((always_inline)) {
            return weighted_sum<decltype(part(row[0]))>(d, row, part);
          });
    }
    for (; r < tile.count; ++r) {
      add_columns<Floats8, kStride == kCompactRows>(
          p, gradient, [&](auto part) __attribute__((always_inline)) { return part(tile.row[r]) * derivatives[r]; });
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
    const float bias_sum = gradient[p.n_weights + j] + sum_of(sum);
    if (p.n_outputs == 1) {
      store(gradient + p.n_weights, Floats8{bias_sum});  // all eight at once: as they are loaded again
    } else {
      gradient[p.n_weights + j] = bias_sum;
    }
  }
}

/// kStride: the rows' stride if they fit one vector, otherwise kLongRows or kCompactRows.
template <LossKind kLoss, int kStride>
double gradient_pass(const LinearProblem& p, const LinearPass& pass) {
  for (std::int64_t i = 0; i < p.n_all; i += kGroup) store(pass.gradient + i, Floats8{});
  const std::int64_t terms = terms_of<kLoss>(p, pass);
  Tile tile;
  tile.terms = static_cast<float>(terms);
  tile.z = pass.scratch;
  tile.z_row = p.tile;
  use_scratch(p, tile.z + p.n_outputs * p.tile, tile);
  for (; tile.begin < pass.n; tile.begin += p.tile) {
    tile.count = pass.n - tile.begin < p.tile ? pass.n - tile.begin : p.tile;
    tile.padded = (tile.count + kGroup - 1) / kGroup * kGroup;
    forward<kStride>(p, pass, tile);
    losses<kLoss>(p, pass, tile);
    backward<kStride>(p, tile, pass.gradient);
  }
  return total(tile) / static_cast<double>(terms);
}

template <LossKind kLoss>
GradientPass gradient_for(const LinearProblem& p) {
  if constexpr (kLoss != LossKind::kCrossEntropy) {
    if (fits_small_pass(p)) return small_pass<kLoss>;
  }
  if (p.compact.place != nullptr) return gradient_pass<kLoss, kCompactRows>;
  switch (p.stride) {
    case 1: return gradient_pass<kLoss, 1>;
    case 2: return gradient_pass<kLoss, 2>;
    case 4: return gradient_pass<kLoss, 4>;
    case 8: return gradient_pass<kLoss, 8>;
    default: return gradient_pass<kLoss, kLongRows>;
  }
}

GradientPass choose_gradient(LossKind loss, const LinearProblem& p) {
  return with_loss(loss, [&p]<LossKind kLoss>() { return gradient_for<kLoss>(p); });
}

}  // namespace
}  // namespace slalom::cpu
