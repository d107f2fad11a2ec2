// SPDX-License-Identifier: Apache-2.0
// The parts of the rule that only the host needs.
#include "linear_plan.hpp"

#include <algorithm>
#include <limits>

#include <slalom/dataset.hpp>
#include <slalom/model.hpp>

#include "core/losses.hpp"

namespace slalom::cuda {

LinearModel linear_model(const ModelSpec& spec) {
  const ParameterLayout layout(spec);
  return {.n_features = static_cast<int>(spec.n_features),
          .n_outputs = static_cast<int>(spec.n_outputs),
          .stride = static_cast<int>(row_stride(spec.n_features)),
          .loss = spec.loss.kind,
          .loss_constant = static_cast<float>(core::loss_constant(spec.loss)),
          .bias = layout.layers.front().bias,
          .n_trainable = layout.n_trainable};
}

RowsShape rows_shape(const LinearModel& model) {
  const int pieces = model.pieces();
  const int k = model.n_outputs;
  const int outputs = k == 1 && !model.has_labels() ? 1 : (k <= 4 ? 4 : (k <= 16 ? 16 : 0));
  // Few pieces: one a lane. More: as many a lane as registers hold, so that several rows share a warp and a sum over a
  // row's lanes is short.
  int lanes = 1;
  const int narrow = outputs == 16 ? 32 : 8;
  while (lanes < pieces && lanes < narrow) lanes *= 2;
  int vectors = 1;
  const int most = outputs == 1 ? 8 : (outputs == 4 ? 4 : 1);
  const int preferred = outputs == 1 ? 4 : (outputs == 4 ? 2 : 1);
  while (lanes * vectors < pieces && vectors < preferred) vectors *= 2;
  while (lanes * vectors < pieces && lanes < 32) lanes *= 2;
  while (lanes * vectors < pieces && vectors < most) vectors *= 2;
  if (outputs == 0 || lanes * vectors < pieces) return {};
  return {.outputs = outputs, .vectors = vectors, .lanes = lanes};
}

namespace {

/// The most warps that help and fit, whatever the optimiser, so that it does not change the order of sums.
int rows_warps(const LinearModel& model, const RowsShape& shape, std::int64_t rows, const DeviceLimits& limits) {
  const std::int64_t for_rows = (rows + shape.groups() - 1) / shape.groups();
  const std::int64_t for_update = (rows_slots(model) + 127) / 128;
  int warps = static_cast<int>(
      std::min<std::int64_t>(std::max(for_rows, for_update), rows_most_warps(shape.outputs, shape.vectors)));
  while (warps > 1 && rows_layout(model, shape, warps, core::kMaxSlots).bytes > limits.shared_bytes) --warps;
  return warps;
}

}  // namespace

LaunchPlan rows_plan(const LinearModel& model, const RowsShape& shape, std::int64_t batch_size,
                     const DeviceLimits& limits) {
  constexpr std::int64_t kPassNs = 100;     // latency of a pass over the rows that a block holds at once
  constexpr std::int64_t kBytesPerNs = 50;  // what one multiprocessor reads
  const std::int64_t batch = std::min(batch_size, kMostRows);
  LaunchPlan best;
  std::int64_t best_cost = std::numeric_limits<std::int64_t>::max();
  for (int blocks = 1;; blocks = std::min(2 * blocks, limits.multiprocessors)) {
    const int warps = rows_warps(model, shape, (batch + blocks - 1) / blocks, limits);
    const std::int64_t block_rows = std::int64_t{warps} * shape.groups();
    const std::int64_t passes = (batch + blocks * block_rows - 1) / (blocks * block_rows);
    std::int64_t cost = passes * (kPassNs + block_rows * model.pieces() * 16 / kBytesPerNs);
    if (blocks > 1) {  // blocks arrive at a barrier one after another
      cost += limits.exchange_ns + blocks * limits.exchange_ns / 256;
      cost += std::int64_t{4} * blocks * rows_slots(model) / kBytesPerNs;
    }
    if (cost < best_cost) {
      best = {.warps = warps, .blocks = blocks};
      best_cost = cost;
    }
    if (blocks >= limits.multiprocessors) return best;
  }
}

bool rows_fit(const LinearModel& model, const RowsShape& shape, const DeviceLimits& limits) {
  return limits.rows_in_registers && shape.outputs > 0 &&
         rows_layout(model, shape, 1, core::kMaxSlots).bytes <= limits.shared_bytes;
}

}  // namespace slalom::cuda
