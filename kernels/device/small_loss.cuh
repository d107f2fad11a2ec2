// SPDX-License-Identifier: Apache-2.0
// Loss and its derivative of a tile of rows in shared memory.
#pragma once

#include "core/losses.hpp"
#include "device/small_block.cuh"

namespace slalom::cuda {

/// A tile's rows and what they should have given.
struct SmallTargets {
  const float* targets = nullptr;        ///< [n_rows, n_outputs]
  const std::int32_t* labels = nullptr;  ///< [n_rows], cross-entropy
  const float* weights = nullptr;        ///< [n_rows], or null: every row counts 1
  int n_rows = 0;
  int batch_rows = 0;  ///< of the batch that the tile is part of
};

/// Replaces the outputs z by the loss's derivative; returns this thread's part of sum(weight * loss), which over all
/// threads, divided by what loss_share() says, is the batch's mean loss.
__device__ inline double apply_loss(const SmallNetwork& net, const SmallTargets& tile, const SharedMatrix& z,
                                    const SmallCrew& crew) {
  const int k = net.n_outputs;
  int size = 1;
  while (size < k && size < kWarp && 2 * size * tile.n_rows <= crew.threads()) size *= 2;
  double total = 0.0;
  for (int index = crew.tid; index < tile.n_rows * size; index += crew.threads()) {
    const int row = index / size;
    const LaneGroup lanes = LaneGroup::alone(crew.lane(), size);
    const float weight = tile.weights == nullptr ? 1.0F : tile.weights[row];
    float* out = z.row(row);
    if (net.loss == LossKind::kCrossEntropy) {
      const float scale = weight / static_cast<float>(tile.batch_rows);
      const float loss = core::cross_entropy(out, k, tile.labels[row], lanes,
                                             [&](std::int64_t j, float derivative) { out[j] = scale * derivative; });
      if (lanes.rank() == 0) total += static_cast<double>(weight) * static_cast<double>(loss);
    } else {
      const float scale = weight / static_cast<float>(tile.batch_rows * k);
      double sum = 0.0;
      for (int j = lanes.rank(); j < k; j += lanes.size()) {
        const core::LossPair<float> pair =
            core::pointwise_loss(net.loss, out[j], tile.targets[row * k + j], net.loss_constant);
        sum += static_cast<double>(pair.loss);
        out[j] = scale * pair.derivative;
      }
      total += static_cast<double>(weight) * sum;
    }
  }
  return total;
}

/// What the sum of weight * loss is divided by.
[[nodiscard]] __device__ inline double loss_share(const SmallNetwork& net, int batch_rows) {
  return net.loss == LossKind::kCrossEntropy ? batch_rows : static_cast<double>(batch_rows) * net.n_outputs;
}

}  // namespace slalom::cuda
