// SPDX-License-Identifier: Apache-2.0
// Sums over the rows of a tile, unit by unit: gradients of biases, and batch normalisation in both directions.
#pragma once

#include "core/batch_norm.hpp"
#include "device/small_block.cuh"

namespace slalom::cuda {

/// A warp takes 4 neighbouring columns at a time, 8 lanes each, which take every 8th row: 32 lanes read 32 different
/// banks, because rows are an odd number of quads apart. Calls f(column, first row); a lane whose column is past the
/// end gets the last one and `there` false.
template <class F>
__device__ void for_each_column(int n_columns, const SmallCrew& crew, F&& f) {
  for (int first = 4 * crew.warp(); first < n_columns; first += 4 * crew.crew.warps) {
    const int column = first + crew.lane() % 4;
    const bool there = column < n_columns;
    f(there ? column : n_columns - 1, crew.lane() / 4, there);
  }
}
constexpr int kColumnLanes = 8;  ///< that share a column

/// Over the lanes that share a column; all get it.
template <class T>
__device__ T sum_column(T value) {
  return sum_lanes(value, 16, 4);
}

/// store(unit, sum of the unit's deltas over the tile), once a unit.
template <class Store>
__device__ void sum_deltas(const SharedMatrix& delta, int n_rows, int n_units, const SmallCrew& crew, Store&& store) {
  for_each_column(n_units, crew, [&](int unit, int first, bool there) {
    float sum = 0.0F;
    for (int row = first; row < n_rows; row += kColumnLanes) sum += delta.row(row)[unit];
    sum = sum_column(sum);
    if (there && first == 0) store(unit, sum);
  });
}

/// z becomes gamma (z - mean) / deviation + beta over the tile, which is the whole batch; running statistics follow.
__device__ inline void normalise_layer(const SmallLayer& layer, int n_rows, float* values, const SharedMatrix& z,
                                       const SharedMatrix& normalised, float* inverse_deviation,
                                       const SmallCrew& crew) {
  for_each_column(layer.outputs, crew, [&](int unit, int first, bool there) {
    double sum = 0.0;
    for (int row = first; row < n_rows; row += kColumnLanes) sum += static_cast<double>(z.row(row)[unit]);
    const double mean = sum_column(sum) / n_rows;
    double squares = 0.0;
    for (int row = first; row < n_rows; row += kColumnLanes) {
      const double d = static_cast<double>(z.row(row)[unit]) - mean;
      squares += d * d;
    }
    squares = sum_column(squares);
    const auto inverse = static_cast<float>(core::batch_inverse_deviation(squares / n_rows));
    if (!there) return;
    const float gamma = values[layer.gamma + unit];
    const float beta = values[layer.beta + unit];
    for (int row = first; row < n_rows; row += kColumnLanes) {
      const float x = (z.row(row)[unit] - static_cast<float>(mean)) * inverse;
      normalised.row(row)[unit] = x;
      z.row(row)[unit] = core::scale_and_shift(x, gamma, beta);
    }
    if (first != 0) return;
    inverse_deviation[unit] = inverse;
    if (n_rows == 1) return;  // one row has no variance to learn from
    float& mean_now = values[layer.running_mean + unit];
    float& variance_now = values[layer.running_var + unit];
    mean_now = core::blend_running(mean_now, mean);
    variance_now = core::blend_running(variance_now, squares / (n_rows - 1));
  });
}

/// delta, by the values after normalisation, becomes that by the values before. store(offset, gradient) is called once
/// for every gamma and beta, with their offsets among the block's values.
template <class Store>
__device__ void normalise_layer_backward(const SmallLayer& layer, int n_rows, const float* values,
                                         const SharedMatrix& delta, const SharedMatrix& normalised,
                                         const float* inverse_deviation, const SmallCrew& crew, Store&& store) {
  for_each_column(layer.outputs, crew, [&](int unit, int first, bool there) {
    float sum = 0.0F, product = 0.0F;
    for (int row = first; row < n_rows; row += kColumnLanes) {
      const float d = delta.row(row)[unit];
      sum += d;
      product += d * normalised.row(row)[unit];
    }
    const core::NormBackward<float> back{.share = 1.0F / static_cast<float>(n_rows),
                                         .beta_gradient = sum_column(sum),
                                         .gamma_gradient = sum_column(product),
                                         .gamma = values[layer.gamma + unit],
                                         .inverse_deviation = inverse_deviation[unit]};
    if (!there) return;
    for (int row = first; row < n_rows; row += kColumnLanes) {
      float& d = delta.row(row)[unit];
      d = core::normalise_derivative(d, normalised.row(row)[unit], back);
    }
    if (first != 0) return;
    store(layer.beta + unit, back.beta_gradient);
    store(layer.gamma + unit, back.gamma_gradient);
  });
}

}  // namespace slalom::cuda
