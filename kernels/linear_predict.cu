// SPDX-License-Identifier: Apache-2.0
// Outputs of linear models.
#include "linear_predict.cuh"

#include <algorithm>
#include <bit>

#include "cuda/check.hpp"
#include "device/lanes.cuh"

namespace slalom::cuda {
namespace {

constexpr int kThreads = 256;
constexpr int kOutputs = 4;                       // summed side by side
constexpr std::int64_t kBlocksPerProcessor = 4;   // enough bytes under way; more would load the weights more often
constexpr std::int64_t kMostSharedBytes = 49152;  // so that four blocks fit a multiprocessor

std::int64_t weight_bytes(const LinearModel& model) {
  return std::int64_t{4} * model.n_outputs * (4 * model.pieces() + 1);
}

__device__ float4 load_piece(const float* row, int piece, int stride) {
  if (stride >= 4) return reinterpret_cast<const float4*>(row)[piece];
  return make_float4(row[0], stride == 2 ? row[1] : 0.0F, 0.0F, 0.0F);
}

// Computes   outputs[i] = W x[rows[i]] + b.
// Work split a row lies in `lanes` neighbouring lanes (a power of two); warps go over groups of 32 / lanes rows, then
//            on by the size of the grid. Four outputs are summed at a time.
// Memory     weights are copied to shared memory once a block, rows padded to 16 bytes; lanes read them side by side. A
//            row is read with 16-byte loads, from the L1 cache after the first four outputs.
// Order      a row's sum: pieces lane by lane in order, then pairs of lanes.
// Bound by   memory: a row and its outputs, 4 (d + k) bytes, for few outputs; shared memory for many.
// Test       tests/cuda/linear_predict_test.cpp
__global__ __launch_bounds__(kThreads) void linear_predict_kernel(const LinearPredictArguments a, int lanes) {
  extern __shared__ float4 shared[];
  float* weights = reinterpret_cast<float*>(shared);
  const int d = a.model.n_features;
  const int k = a.model.n_outputs;
  const int pieces = a.model.pieces();
  for (int i = static_cast<int>(threadIdx.x); i < k * 4 * pieces; i += kThreads) {
    const int column = i % (4 * pieces);
    weights[i] = column < d ? a.parameters[i / (4 * pieces) * d + column] : 0.0F;
  }
  float* bias = weights + k * 4 * pieces;
  for (int j = static_cast<int>(threadIdx.x); j < k; j += kThreads) bias[j] = a.parameters[a.model.bias + j];
  __syncthreads();

  const int lane = static_cast<int>(threadIdx.x) % kWarp;
  const int groups = kWarp / lanes;
  const int place = lane % lanes;
  const std::int64_t warps = static_cast<std::int64_t>(gridDim.x) * (kThreads / kWarp);
  const std::int64_t warp = static_cast<std::int64_t>(blockIdx.x) * (kThreads / kWarp) + threadIdx.x / kWarp;
  for (std::int64_t first = warp * groups; first < a.n_rows; first += warps * groups) {
    const std::int64_t i = first + lane / lanes;
    const bool present = i < a.n_rows;
    const std::int64_t row = !present ? 0 : (a.rows == nullptr ? i : static_cast<std::int64_t>(a.rows[i]));
    const float* x = a.x.data + row * a.x.stride;
    for (int from = 0; from < k; from += kOutputs) {
      float z[kOutputs] = {};
      for (int piece = place; present && piece < pieces; piece += lanes) {
        const float4 values = load_piece(x, piece, static_cast<int>(a.x.stride));
#pragma unroll
        for (int j = 0; j < kOutputs; ++j) {
          if (from + j < k) {
            z[j] = dot(reinterpret_cast<const float4*>(weights)[(from + j) * pieces + piece], values, z[j]);
          }
        }
      }
      const ScatteredSums held = scatter_sums<kOutputs>(z, lane, lanes / 2, 1);
#pragma unroll
      for (int j = 0; j < kOutputs; ++j) {
        const int output = from + held.first + j;
        if (present && j < held.live && held.owner && output < k) a.outputs[i * k + output] = z[j] + bias[output];
      }
    }
  }
}

// Computes   outputs[i, j] = b[j].
// Work split an element a thread, then on by the size of the grid.
// Memory     contiguous writes; b is read from the L1 cache.
// Bound by   memory: 4 bytes written an output.
// Test       tests/cuda/linear_predict_test.cpp
__global__ __launch_bounds__(kThreads) void fill_bias_kernel(const float* bias, int n_outputs, std::int64_t count,
                                                             float* outputs) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < count; i += step) {
    outputs[i] = bias[i % n_outputs];
  }
}

unsigned blocks_for(std::int64_t work, const DeviceLimits& limits) {
  return static_cast<unsigned>(
      std::clamp<std::int64_t>(work, 1, kBlocksPerProcessor * static_cast<std::int64_t>(limits.multiprocessors)));
}

}  // namespace

bool linear_predict_fits(const LinearModel& model, const DeviceLimits& limits) {
  return weight_bytes(model) <= std::min(kMostSharedBytes, limits.shared_bytes);
}

void launch_linear_predict(const LinearPredictArguments& a, cudaStream_t stream) {
  if (a.n_rows == 0) return;
  const int lanes = std::min(kWarp, static_cast<int>(std::bit_ceil(static_cast<unsigned>(a.model.pieces()))));
  const std::int64_t rows_per_block = kThreads / lanes;
  const unsigned blocks = blocks_for((a.n_rows + rows_per_block - 1) / rows_per_block, a.limits);
  linear_predict_kernel<<<blocks, kThreads, static_cast<unsigned>(weight_bytes(a.model)), stream>>>(a, lanes);
  SLALOM_CHECK_LAUNCH(linear_predict_kernel);
}

void launch_fill_bias(const LinearPredictArguments& a, cudaStream_t stream) {
  const std::int64_t count = a.n_rows * a.model.n_outputs;
  if (count == 0) return;
  fill_bias_kernel<<<blocks_for((count + kThreads - 1) / kThreads, a.limits), kThreads, 0, stream>>>(
      a.parameters + a.model.bias, a.model.n_outputs, count, a.outputs);
  SLALOM_CHECK_LAUNCH(fill_bias_kernel);
}

}  // namespace slalom::cuda
