// SPDX-License-Identifier: Apache-2.0
// One pass over the rows that a warp holds: outputs, losses, derivatives, and their part of the gradient.
#pragma once

#include "core/losses.hpp"
#include "device/row_stream.cuh"
#include "device/rows_model.cuh"

namespace slalom::cuda {

/// A lane's sums over the rows of a step.
template <int K, int V>
struct RowSums {
  float weights[K * V * 4] = {};  ///< [output][vector][element]
  float biases[K] = {};
  double loss = 0.0;  ///< sum of weight * loss; divided by the batch at the end

  __device__ void add(int output, int v, float derivative, const float4& x) {
    float* sum = weights + (output * V + v) * 4;
    sum[0] = fmaf(derivative, x.x, sum[0]);
    sum[1] = fmaf(derivative, x.y, sum[1]);
    sum[2] = fmaf(derivative, x.z, sum[2]);
    sum[3] = fmaf(derivative, x.w, sum[3]);
  }
};

/// What the derivatives of a step are scaled by.
struct StepScale {
  std::int64_t count = 0;  ///< rows, or rows * outputs
  float divisor = 1.0F;
  float scale = 1.0F;  ///< 1 / divisor, for rows without weight
  __device__ void set(std::int64_t now) {
    if (now == count) return;
    count = now;
    divisor = static_cast<float>(now);
    scale = 1.0F / divisor;
  }
};

/// A lane and what it works with in every pass.
template <class Shape>
struct RowLane {
  static constexpr int K = Shape::kOutputs;
  static constexpr int V = Shape::kVectors;
  const LinearModel& model;
  Shape shape;
  int place, group, lane;
  float* z;                  ///< the row's outputs, then derivatives, for K > 1
  float4 w[K == 1 ? V : 1];  ///< K == 1: the lane's weights of this step
  float bias;

  __device__ RowLane(const LinearModel& m, Shape s, const RowsLayout& layout, char* shared) : model(m), shape(s) {
    lane = static_cast<int>(threadIdx.x) % kWarp;
    const int warp = static_cast<int>(threadIdx.x) / kWarp;
    place = lane % lanes();
    group = lane / lanes();
    z = reinterpret_cast<float*>(shared + kept(layout.z)) + (warp * static_cast<int>(shape.groups()) + group) * (K + 1);
    if (K > 1 && place == 0) {
      for (int j = model.n_outputs; j < K; ++j) z[j] = 0.0F;  // derivatives that are read but mean nothing
    }
  }
  [[nodiscard]] __device__ int lanes() const { return static_cast<int>(shape.lanes()); }
  /// Whether the lane has a vector `v`: rows need not fill all lanes.
  [[nodiscard]] __device__ bool has(int v) const { return place + lanes() * v < model.pieces(); }
  /// Where the lane's weights of vector `v` are in a row of weights. Lanes without one take the last piece: they have
  /// zeros to multiply it by.
  [[nodiscard]] __device__ unsigned weight_offset(int v) const {
    const int piece = place + lanes() * v;
    return static_cast<unsigned>(has(v) ? piece : model.pieces() - 1) * 16U;
  }
  __device__ void start_step(const RowsValues& values) {
    if constexpr (K == 1) {
#pragma unroll
      for (int v = 0; v < V; ++v) w[v] = load_shared4(values.address() + weight_offset(v));
      bias = values.bias(0);
    }
  }
};

/// One output: every lane of a row computes its loss; nothing but the row's sum crosses lanes.
template <class Shape, int V>
__device__ void add_rows(const RowLane<Shape>& my, const RowsValues&, RowStream<Shape>& stream, bool present,
                         const StepScale& step, RowSums<1, V>& sums) {
  float4 x[V];
#pragma unroll
  for (int v = 0; v < V; ++v) x[v] = stream.piece(static_cast<unsigned>(v));
  const float y = load_shared(stream.targets());
  float weight = 1.0F;
  float scale = step.scale;
  if (stream.weighted()) {
    weight = stream.weight();
    scale = weight / step.divisor;
  }
  stream.request();
  float z = 0.0F;
#pragma unroll
  for (int v = 0; v < V; ++v) z = dot(my.w[v], x[v], z);
  z = sum_lanes(z, my.lanes() / 2, 1) + my.bias;
  const core::LossPair<float> pair = core::pointwise_loss(my.model.loss, z, y, my.model.loss_constant);
  if (!present) return;
  const float derivative = scale * pair.derivative;
  sums.loss += static_cast<double>(weight) * static_cast<double>(pair.loss);
  sums.biases[0] += derivative;
#pragma unroll
  for (int v = 0; v < V; ++v) sums.add(0, v, derivative, x[v]);
}

/// Several outputs: their sums are spread over the lanes of the row, which share the loss and then read all
/// derivatives.
template <class Shape, int K, int V>
__device__ void add_rows(const RowLane<Shape>& my, const RowsValues& values, RowStream<Shape>& stream, bool present,
                         const StepScale& step, RowSums<K, V>& sums) {
  const int k = my.model.n_outputs;
  float4 x[V];
#pragma unroll
  for (int v = 0; v < V; ++v) x[v] = stream.piece(static_cast<unsigned>(v));
  const unsigned y = stream.targets();
  float weight = 1.0F;
  float scale = step.scale;
  if (stream.weighted()) {
    weight = stream.weight();
    scale = weight / step.divisor;
  }
  stream.request();
  // A few outputs at a time without a question: those beyond the last repeat it, and nobody reads them.
  constexpr int kTogether = V == 4 ? 1 : (K == 16 ? 2 : 4);  // more would take registers that the sums need
  unsigned offsets[V];
#pragma unroll
  for (int v = 0; v < V; ++v) offsets[v] = my.weight_offset(v);
  const unsigned row_bytes = static_cast<unsigned>(my.model.pieces()) * 16U;
  unsigned row = values.address();
  float z[K];
#pragma unroll
  for (int first = 0; first < K; first += kTogether) {
#pragma unroll
    for (int j = first; j < first + kTogether; ++j) z[j] = 0.0F;
    if (first >= k) continue;
#pragma unroll
    for (int j = first; j < first + kTogether; ++j) {
#pragma unroll
      for (int v = 0; v < V; ++v) z[j] = dot(load_shared4(row + offsets[v]), x[v], z[j]);
      if (j + 1 < k) row += row_bytes;
    }
  }
  const ScatteredSums held = scatter_sums<K>(z, my.lane, my.lanes() / 2, 1);
#pragma unroll
  for (int i = 0; i < K; ++i) {
    const int j = held.first + i;
    if (i < held.live && held.owner && j < k) my.z[j] = z[i] + values.bias(j);
  }
  __syncwarp();
  if (my.model.has_labels()) {
    const float loss =
        core::cross_entropy(my.z, k, __float_as_int(load_shared(y)), LaneGroup(my.place, my.lanes()),
                            [&](std::int64_t j, float derivative) { my.z[j] = present ? scale * derivative : 0.0F; });
    if (present && my.place == 0) sums.loss += static_cast<double>(weight) * static_cast<double>(loss);
  } else {
    for (int j = my.place; j < k; j += my.lanes()) {
      const core::LossPair<float> pair = core::pointwise_loss(
          my.model.loss, my.z[j], load_shared(y + static_cast<unsigned>(j) * 4U), my.model.loss_constant);
      if (present) sums.loss += static_cast<double>(weight) * static_cast<double>(pair.loss);
      my.z[j] = present ? scale * pair.derivative : 0.0F;
    }
  }
  __syncwarp();
#pragma unroll
  for (int first = 0; first < K; first += kTogether) {
    if (first >= k) break;
#pragma unroll
    for (int j = first; j < first + kTogether; ++j) {
      const float derivative = my.z[j];
      sums.biases[j] += derivative;
#pragma unroll
      for (int v = 0; v < V; ++v) sums.add(j, v, derivative, x[v]);
    }
  }
}

/// Adds the sums of a warp's rows and writes them: gradient values, NaN after them if a loss is not finite, and the
/// loss.
template <class Shape, int K, int V>
__device__ void write_sums(const RowLane<Shape>& my, const RowsValues& values, RowSums<K, V>& sums, float* gradient,
                           double* loss) {
  const int k = my.model.n_outputs;
  const bool bad = __any_sync(kAllLanes, !isfinite(sums.loss));
  const double total = sum_lanes(sums.loss, 16, K == 1 ? my.lanes() : 1);
  if (my.lane == 0) {
    *loss = total;
    gradient[values.count() - 1] = bad ? nanf("") : 0.0F;
  }
  const ScatteredSums held = scatter_sums<K * V * 4>(sums.weights, my.lane, 16, my.lanes());
  const auto address = [&](int i) -> float* {  // null: no such output or column
    const int quad = (held.first + i) / 4;
    const int j = quad / V;
    const int v = quad % V;
    if (!held.owner || j >= k || !my.has(v)) return nullptr;
    return gradient + (j * my.model.pieces() + my.place + my.lanes() * v) * 4 + (held.first + i) % 4;
  };
  if (held.live >= 4) {
#pragma unroll
    for (int i = 0; i < K * V * 4; i += 4) {
      if (i >= held.live) break;
      const float* s = sums.weights + i;
      if (float* to = address(i)) *reinterpret_cast<float4*>(to) = make_float4(s[0], s[1], s[2], s[3]);
    }
  } else if (float* to = address(0)) {
    if (held.live == 2) {
      *reinterpret_cast<float2*>(to) = make_float2(sums.weights[0], sums.weights[1]);
    } else {
      *to = sums.weights[0];
    }
  }
  if constexpr (K == 1) {
    const float bias = sum_lanes(sums.biases[0], 16, my.lanes());
    if (my.lane == 0) gradient[values.weights()] = bias;
  } else {
    const ScatteredSums biases = scatter_sums<K>(sums.biases, my.lane, 16, my.lanes());
#pragma unroll
    for (int i = 0; i < K; ++i) {
      const int j = biases.first + i;
      if (i < biases.live && biases.owner && my.place == 0 && j < k) gradient[values.weights() + j] = sums.biases[i];
    }
  }
}

}  // namespace slalom::cuda
