// SPDX-License-Identifier: Apache-2.0
// Chooses the geometry of the tiles kernel.
#include "tiles_plan.hpp"

#include <algorithm>
#include <limits>
#include <optional>

namespace slalom::cuda {
namespace {

constexpr std::int64_t kMostScratch = std::int64_t{1} << 28;  ///< bytes of outputs of a chunk

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// A plan with `rows` x `columns` blocks, if that makes sense.
std::optional<LaunchPlan> shape_team(const LinearModel& model, std::int64_t batch, int rows, int columns,
                                     const DeviceLimits& limits) {
  const std::int64_t staged = tiles_staged_outputs(model.n_outputs);
  const std::int64_t room = limits.shared_bytes - 256;  // sums, constants, alignment
  constexpr std::int64_t kFewestRows = 4;               // of a tile, so that its slice of the weights pays
  const std::int64_t most_slice = (room - 4 * staged * kFewestRows) / (32 * kFewestRows + 16 * staged);
  // Whole sectors of 32 bytes, so that no sector is read by two blocks.
  std::int64_t slice = divide_up(model.pieces(), columns);
  slice = std::min(model.pieces() == 1 ? 1 : slice + slice % 2, most_slice - most_slice % 2);
  const std::int64_t slices = divide_up(model.pieces(), slice);
  if (slices < columns) return std::nullopt;  // columns that would have nothing
  std::int64_t tile_rows = (room - 16 * staged * slice) / (32 * slice + 4 * staged);
  tile_rows = std::min({tile_rows, std::int64_t{256}, divide_up(batch, rows),
                        std::max<std::int64_t>(1, kMostScratch / (4 * slices * rows * model.n_outputs))});
  return LaunchPlan{.warps = kTileWarps,
                    .blocks = rows * columns,
                    .columns = columns,
                    .tile_rows = static_cast<std::int32_t>(tile_rows),
                    .slice = static_cast<std::int32_t>(slice)};
}

/// Estimated nanoseconds of a step.
std::int64_t cost_of(const LinearModel& model, std::int64_t batch, const LaunchPlan& plan, const DeviceLimits& limits) {
  constexpr std::int64_t kFlopsPerNs = 200;  // of one multiprocessor, in small tiles
  constexpr std::int64_t kReadPerNs = 50;    // bytes that it reads
  const std::int64_t k = model.n_outputs;
  const std::int64_t rows = plan.blocks / plan.columns;
  const std::int64_t chunks = divide_up(batch, rows * plan.tile_rows);
  const std::int64_t slices = divide_up(divide_up(model.pieces(), plan.slice), plan.columns);
  const std::int64_t width = 4 * slices * plan.slice;  // columns of a block
  const std::int64_t reads = slices > 1 ? 2 : 1;
  const std::int64_t chunk =
      plan.tile_rows * width * 4 * k / kFlopsPerNs +
      (plan.tile_rows * width * 4 * reads + width * k * 8 + plan.tile_rows * k * 12) / kReadPerNs +
      (plan.columns > 1 ? 2 * limits.exchange_ns : 0);
  const std::int64_t update = (4 * rows + 32) * tiles_gradient_pitch(model) / plan.blocks / kReadPerNs;
  return chunks * chunk + update + (plan.blocks > 1 ? 3 * limits.exchange_ns : 0);
}

}  // namespace

LaunchPlan tiles_plan(const LinearModel& model, std::int64_t batch_size, const DeviceLimits& limits) {
  const std::int64_t batch = std::min(batch_size, kMostRows);
  LaunchPlan best;
  bool best_reads_once = false;
  std::int64_t best_cost = std::numeric_limits<std::int64_t>::max();
  const auto doubled = [&](int n) {
    return n < limits.multiprocessors ? std::min(2 * n, limits.multiprocessors) : n + 1;
  };
  for (int columns = 1; columns <= limits.multiprocessors; columns = doubled(columns)) {
    for (int rows = 1; rows * columns <= limits.multiprocessors && rows <= batch; rows = doubled(rows)) {
      const std::optional<LaunchPlan> plan = shape_team(model, batch, rows, columns, limits);
      if (!plan) break;
      const bool reads_once = divide_up(model.pieces(), plan->slice) == columns;
      const std::int64_t cost = cost_of(model, batch, *plan, limits);
      if (best_reads_once && !reads_once) continue;
      if (best_reads_once == reads_once && cost >= best_cost) continue;
      best = *plan;
      best_reads_once = reads_once;
      best_cost = cost;
    }
  }
  return best;
}

}  // namespace slalom::cuda
