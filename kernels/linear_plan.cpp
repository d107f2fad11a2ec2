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

constexpr std::int64_t kBytesPerNs = 50;  ///< what one multiprocessor reads

/// The most warps that help and fit, whatever the optimiser, so that it does not change the order of sums.
int rows_warps(const LinearModel& model, const RowsShape& shape, std::int64_t rows, const DeviceLimits& limits) {
  const std::int64_t for_rows = (rows + shape.groups() - 1) / shape.groups();
  const std::int64_t for_update = (rows_slots(model) + 127) / 128;
  int warps = static_cast<int>(
      std::min<std::int64_t>(std::max(for_rows, for_update), rows_most_warps(shape.outputs, shape.vectors)));
  while (warps > 1 && rows_layout(model, shape, warps, core::kMaxSlots).bytes > limits.shared_bytes) --warps;
  return warps;
}

/// 1, 2, 3, 4, 6, 8, 12, 16, ...
int next_count(int blocks) {
  if (blocks < 2) return blocks + 1;
  return blocks % 3 == 0 ? blocks / 3 * 4 : blocks / 2 * 3;
}

/// Estimated nanoseconds of a step's exchange between blocks, and the bytes that all of them read for it.
struct ExchangeCost {
  std::int64_t ns = 0;
  std::int64_t bytes = 0;
};

ExchangeCost exchange_cost(const LinearModel& model, int blocks, int exchanges, const DeviceLimits& limits) {
  if (blocks == 1) return {};
  const std::int64_t gradient = std::int64_t{4} * rows_pitch(model);
  const std::int64_t slices = std::int64_t{4} * blocks * rows_share(model, blocks);
  const std::int64_t bytes = exchanges == 1 ? blocks * gradient : slices + gradient;  // that a block reads
  // Blocks arrive at a barrier one after another.
  const std::int64_t barrier = limits.exchange_ns + blocks * limits.exchange_ns / 256;
  return {.ns = exchanges * barrier + bytes / kBytesPerNs, .bytes = blocks * bytes};
}

}  // namespace

LaunchPlan rows_plan(const LinearModel& model, const RowsShape& shape, std::int64_t batch_size,
                     const DeviceLimits& limits) {
  constexpr std::int64_t kPassNs = 100;  // latency of a pass over the rows that a block holds at once
  const std::int64_t batch = std::min(batch_size, kMostRows);
  // A step should read little but the data: gradients of other blocks at most a sixteenth of that.
  const std::int64_t most_exchanged = batch * model.pieces();
  LaunchPlan best;
  std::int64_t best_cost = std::numeric_limits<std::int64_t>::max();
  for (int blocks = 1;; blocks = std::min(next_count(blocks), limits.multiprocessors)) {
    const int warps = rows_warps(model, shape, (batch + blocks - 1) / blocks, limits);
    const std::int64_t block_rows = std::int64_t{warps} * shape.groups();
    const std::int64_t passes = (batch + blocks * block_rows - 1) / (blocks * block_rows);
    const std::int64_t rows_cost = passes * (kPassNs + block_rows * model.pieces() * 16 / kBytesPerNs);
    for (const int exchanges : {1, 2}) {
      const ExchangeCost exchange = exchange_cost(model, blocks, exchanges, limits);
      if (blocks > 1 && limits.exchanges != 0 && limits.exchanges != exchanges) continue;
      if (limits.exchanges == 0 && exchange.bytes > most_exchanged) continue;
      if (rows_cost + exchange.ns >= best_cost) continue;
      best = {.warps = warps, .blocks = blocks, .share = exchanges == 1 ? 0 : rows_share(model, blocks)};
      best_cost = rows_cost + exchange.ns;
    }
    if (blocks >= limits.multiprocessors) return best;
  }
}

bool rows_fit(const LinearModel& model, const RowsShape& shape, const DeviceLimits& limits) {
  return limits.rows_in_registers && shape.outputs > 0 &&
         rows_layout(model, shape, 1, core::kMaxSlots).bytes <= limits.shared_bytes;
}

}  // namespace slalom::cuda
