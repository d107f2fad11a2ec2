// SPDX-License-Identifier: Apache-2.0
// All steps of one member whose gradient does not fit registers, by a team of blocks in rows and columns.
#pragma once

#include "core/clip.hpp"
#include "core/losses.hpp"
#include "device/crew.cuh"
#include "device/row_tile_copy.cuh"
#include "device/slot_update.cuh"
#include "linear_tiles.cuh"

namespace slalom::cuda {

[[nodiscard]] __device__ inline TilesScratch tiles_scratch(const LinearModel& model, const LaunchPlan& plan,
                                                           std::byte* memory) {
  const TilesScratchLayout layout = tiles_scratch_layout(model, plan);
  return {.outputs = reinterpret_cast<float*>(memory),
          .derivatives = reinterpret_cast<float*>(memory + layout.derivatives),
          .gradients = reinterpret_cast<float*>(memory + layout.gradients),
          .sums = reinterpret_cast<TilesSums*>(memory + layout.sums)};
}

__device__ inline void add_scaled(float4& sum, float factor, const float4& row) {
  sum.x = fmaf(factor, row.x, sum.x);
  sum.y = fmaf(factor, row.y, sum.y);
  sum.z = fmaf(factor, row.z, sum.z);
  sum.w = fmaf(factor, row.w, sum.w);
}

/// A team is a matrix of blocks: block (r, c) takes the r-th share of a chunk's rows and the c-th slice of the columns.
/// kOutputs outputs are summed side by side: 4, or 1 for models with one output.
template <int kOutputs>
class TilesMember {
 public:
  __device__ TilesMember(const MemberTask& task, const LinearModel& model, int rank, TilesScratch scratch,
                         TeamBarrier& barrier, char* shared)
      : task_(task),
        common_(reinterpret_cast<const float*>(&task.packed.first)),
        model_(model),
        plan_(task.plan),
        team_rows_(plan_.blocks / plan_.columns),
        row_(rank / plan_.columns),
        column_(rank % plan_.columns),
        rank_(rank),
        slices_((model.pieces() + plan_.slice - 1) / plan_.slice),
        chunk_rows_(team_rows_ * plan_.tile_rows),
        pitch_(tiles_gradient_pitch(model)),
        scratch_(scratch),
        barrier_(barrier),
        thread_(static_cast<int>(threadIdx.x)),
        warp_(thread_ / kWarp),
        lane_(thread_ % kWarp) {
    const TilesLayout layout = tiles_layout(model, plan_);
    tile_ = reinterpret_cast<float4*>(shared);
    weights_ = reinterpret_cast<float4*>(shared + layout.weights);
    derivatives_ = reinterpret_cast<float*>(shared + layout.derivatives);
    sums_ = reinterpret_cast<double*>(shared + layout.sums);
    constants_ = reinterpret_cast<float*>(shared + layout.constants);
  }

  __device__ void run() {
    barrier_.sync(crew_);  // the blocks of the team have left what they did before, and its scratch memory
    const auto n_rows = task_.n_rows;
    const std::int64_t batch = task_.batch_size < n_rows ? task_.batch_size : n_rows;
    if (slices_ == plan_.columns) request_tile(chunk_at(0, batch, 0), column_, 0);
    std::int64_t step = 0;
    for (std::int64_t begin = 0; begin < n_rows; begin += batch, ++step) {
      const std::int64_t end = n_rows - begin < batch ? n_rows : begin + batch;
      if (!run_step(step, begin, end, batch)) break;
    }
    wait_async<0>();
    barrier_.sync(crew_);
  }

 private:
  static constexpr int kStaged = tiles_staged_outputs(kOutputs);
  static constexpr int kRows = 4;  ///< rows whose outputs a lane sums side by side

  /// This block's rows of a chunk, in the visiting order.
  struct Chunk {
    std::int64_t first;
    int count;
  };
  [[nodiscard]] __device__ Chunk chunk_at(std::int64_t begin, std::int64_t end, std::int64_t chunk) const {
    const std::int64_t first = begin + chunk * chunk_rows_ + row_ * plan_.tile_rows;
    const std::int64_t rest = end - first;
    return {first, static_cast<int>(rest < 0 ? 0 : (rest < plan_.tile_rows ? rest : plan_.tile_rows))};
  }
  [[nodiscard]] __device__ int pieces_of(int slice) const {
    const int rest = model_.pieces() - slice * plan_.slice;
    return rest < plan_.slice ? rest : plan_.slice;
  }
  [[nodiscard]] __device__ float4* tile(int side) const { return tile_ + side * plan_.tile_rows * plan_.slice; }

  __device__ void request_tile(const Chunk& chunk, int slice, int side) const {
    copy_tile({.x = task_.data.x.data,
               .rows = task_.rows,
               .first = chunk.first,
               .count = chunk.count,
               .stride = model_.stride,
               .first_piece = slice * plan_.slice,
               .pieces = pieces_of(slice),
               .pitch = plan_.slice,
               .to = tile(side)},
              warp_, lane_);
    commit_async();
  }

  __device__ bool run_step(std::int64_t step, std::int64_t begin, std::int64_t end, std::int64_t batch) {
    const std::int64_t count = model_.loss_count(end - begin);
    load_constants(step);
    double loss = 0.0;
    std::int64_t chunk = 0;
    for (std::int64_t at = begin; at < end; at += chunk_rows_, ++chunk) {
      const Chunk mine = chunk_at(begin, end, chunk);
      if (slices_ == plan_.columns) {
        wait_async<0>();
        __syncthreads();
        // The next chunk is on its way while this one is computed.
        const bool last = at + chunk_rows_ >= end;
        const std::int64_t next_end = task_.n_rows - end < batch ? task_.n_rows : end + batch;
        const Chunk next = last ? chunk_at(end, next_end, 0) : chunk_at(begin, end, chunk + 1);
        request_tile(next, column_, side_ ^ 1);
        add_outputs(mine, column_, side_);
      } else {
        for (int slice = column_; slice < slices_; slice += plan_.columns) {
          fetch_slice(mine, slice);
          add_outputs(mine, slice, side_);
        }
      }
      sync_columns();
      loss += differentiate(mine, count);
      sync_columns();
      if (slices_ == plan_.columns) {
        add_gradient(mine, column_, side_, chunk == 0);
        side_ ^= 1;
      } else {
        for (int slice = column_; slice < slices_; slice += plan_.columns) {
          fetch_slice(mine, slice);
          add_gradient(mine, slice, side_, chunk == 0);
        }
      }
    }
    barrier_.sync(crew_);
    return update(step, count, loss);
  }

  /// A block with more slices than it can hold reads each of them twice.
  __device__ void fetch_slice(const Chunk& chunk, int slice) const {
    __syncthreads();
    request_tile(chunk, slice, side_);
    wait_async<0>();
    __syncthreads();
  }
  /// Blocks in a row of the team need each other's sums only if there are several.
  __device__ void sync_columns() {
    if (plan_.columns > 1) {
      barrier_.sync(crew_);
    } else {
      __syncthreads();
    }
  }

  __device__ void load_constants(std::int64_t step) const {
    if (thread_ >= PackedConstants::kFields) return;
    const unsigned varying = task_.packed.varying;
    const int before = __popc(varying & ((1U << thread_) - 1U));
    constants_[thread_] =
        (varying >> thread_ & 1U) != 0 ? task_.packed.values[step * __popc(varying) + before] : common_[thread_];
  }

  /// partial outputs [slice, rows of the chunk, outputs]: the slice's part of x w.
  __device__ void add_outputs(const Chunk& chunk, int slice, int side) const {
    const int k = model_.n_outputs;
    const int pieces = pieces_of(slice);
    const int lanes = tile_lanes(pieces);
    const int groups = kWarp / lanes;
    const int place = lane_ % lanes;
    const int stride = kTileWarps * groups;
    float* partial = scratch_.outputs + (static_cast<std::int64_t>(slice) * chunk_rows_ + row_ * plan_.tile_rows) * k;
    for (int from = 0; from < k; from += kStaged) {
      stage_weights(slice, pieces, from);
      __syncthreads();
      for (int first = warp_ * groups; first < chunk.count; first += kRows * stride) {
        const int row = first + lane_ / lanes;
        for (int j = 0; j < kStaged && from + j < k; j += kOutputs) {
          float z[kRows * kOutputs] = {};
          for (int piece = place; piece < pieces; piece += lanes) {
            float4 w[kOutputs];
#pragma unroll
            for (int o = 0; o < kOutputs; ++o) w[o] = weights_[(j + o) * plan_.slice + piece];
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
              if (row + r * stride >= chunk.count) continue;
              const float4 x = tile(side)[(row + r * stride) * plan_.slice + piece];
#pragma unroll
              for (int o = 0; o < kOutputs; ++o) z[r * kOutputs + o] = dot(w[o], x, z[r * kOutputs + o]);
            }
          }
          const ScatteredSums held = scatter_sums<kRows * kOutputs>(z, lane_, lanes / 2, 1);
#pragma unroll
          for (int i = 0; i < kRows * kOutputs; ++i) {
            const int at = row + (held.first + i) / kOutputs * stride;
            const int output = from + j + (held.first + i) % kOutputs;
            if (i < held.live && held.owner && at < chunk.count && output < k) {
              __stcg(partial + static_cast<std::int64_t>(at) * k + output, z[i]);
            }
          }
        }
      }
      __syncthreads();
    }
  }

  /// Weights [kStaged, slice] from output `from` on; zero where there are none.
  __device__ void stage_weights(int slice, int pieces, int from) const {
    float* to = reinterpret_cast<float*>(weights_);
    const int width = 4 * plan_.slice;
    for (int i = thread_; i < kStaged * width; i += kTileThreads) {
      const int output = from + i / width;
      const int local = i % width;
      const int feature = 4 * slice * plan_.slice + local;
      const bool there = output < model_.n_outputs && local < 4 * pieces && feature < model_.n_features;
      to[i] = there ? __ldcg(task_.parameters + static_cast<std::int64_t>(output) * model_.n_features + feature) : 0.0F;
    }
  }

  /// Adds the slices' outputs of the rows that fall to this column of blocks, a warp a row; leaves derivatives. Returns
  /// the sum of their weighted losses in lane 0.
  __device__ double differentiate(const Chunk& chunk, std::int64_t count) const {
    const int k = model_.n_outputs;
    const auto divisor = static_cast<float>(count);
    double sum = 0.0;
    for (int i = column_ + plan_.columns * warp_; i < chunk.count; i += plan_.columns * kTileWarps) {
      const std::int64_t position = chunk.first + i;
      const std::int64_t at = static_cast<std::int64_t>(row_ * plan_.tile_rows + i) * k;
      float* z = scratch_.derivatives + at;
      for (int j = lane_; j < k; j += kWarp) {
        float output = 0.0F;
        for (int s = 0; s < slices_; ++s) {
          output += __ldcg(scratch_.outputs + static_cast<std::int64_t>(s) * chunk_rows_ * k + at + j);
        }
        z[j] = output + __ldcg(task_.parameters + model_.bias + j);
      }
      __syncwarp();
      const float weight = task_.ordered.weights == nullptr ? 1.0F : task_.ordered.weights[position];
      const float scale = weight / divisor;
      if (model_.has_labels()) {
        const float loss = core::cross_entropy(z, k, task_.ordered.labels[position], LaneGroup(lane_, kWarp),
                                               [&](std::int64_t j, float derivative) { z[j] = scale * derivative; });
        sum += static_cast<double>(weight) * static_cast<double>(loss);
      } else {
        double losses = 0.0;
        for (int j = lane_; j < k; j += kWarp) {
          const core::LossPair<float> pair =
              core::pointwise_loss(model_.loss, z[j], task_.ordered.targets[position * k + j], model_.loss_constant);
          losses += static_cast<double>(pair.loss);
          z[j] = scale * pair.derivative;
        }
        sum += static_cast<double>(weight) * sum_lanes(losses, 16, 1);
      }
    }
    return sum;
  }

  /// gradient [team row, outputs, columns] += derivatives^T x over this block's rows and slice.
  __device__ void add_gradient(const Chunk& chunk, int slice, int side, bool first) const {
    const int k = model_.n_outputs;
    const int pieces = pieces_of(slice);
    const int quads = kStaged / kOutputs;
    float* gradient = scratch_.gradients + static_cast<std::int64_t>(row_) * pitch_;
    for (int from = 0; from < k; from += kStaged) {
      __syncthreads();
      for (int i = thread_; i < chunk.count * kStaged; i += kTileThreads) {
        const int output = from + i % kStaged;
        const std::int64_t at = static_cast<std::int64_t>(row_ * plan_.tile_rows + i / kStaged) * k + output;
        derivatives_[i] = output < k ? __ldcg(scratch_.derivatives + at) : 0.0F;
      }
      __syncthreads();
      for (int unit = thread_; unit < quads * pieces; unit += kTileThreads) {
        const int piece = unit % pieces;
        const int j = unit / pieces * kOutputs;
        if (from + j >= k) continue;
        const std::int64_t at = static_cast<std::int64_t>(from + j) * model_.pieces() + slice * plan_.slice + piece;
        add_unit(chunk.count, tile(side) + piece, j, k - from - j, reinterpret_cast<float4*>(gradient) + at, first);
      }
      if (slice == 0 && thread_ < kStaged && from + thread_ < k) {
        float* bias = gradient + tiles_bias_offset(model_) + from + thread_;
        float sum = first ? 0.0F : *bias;
        for (int i = 0; i < chunk.count; ++i) sum += derivatives_[i * kStaged + thread_];
        *bias = sum;
      }
    }
  }

  /// One piece of up to kOutputs (`rest`) rows of the gradient.
  __device__ void add_unit(int rows, const float4* x, int j, int rest, float4* to, bool first) const {
    float4 sum[kOutputs];
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
      const bool start = first || o >= rest;
      sum[o] = start ? make_float4(0, 0, 0, 0) : to[static_cast<std::int64_t>(o) * model_.pieces()];
    }
    for (int i = 0; i < rows; ++i) {
      const float4 values = x[i * plan_.slice];
      float d[kOutputs];
      if constexpr (kOutputs == 4) {
        const float4 four = *reinterpret_cast<const float4*>(derivatives_ + i * kStaged + j);
        d[0] = four.x;
        d[1] = four.y;
        d[2] = four.z;
        d[3] = four.w;
      } else {
        d[0] = derivatives_[i];
      }
#pragma unroll
      for (int o = 0; o < kOutputs; ++o) add_scaled(sum[o], d[o], values);
    }
#pragma unroll
    for (int o = 0; o < kOutputs; ++o) {
      if (o < rest) to[static_cast<std::int64_t>(o) * model_.pieces()] = sum[o];
    }
  }

  /// The arena index of value p of a gradient; -1 for padding.
  [[nodiscard]] __device__ std::int64_t arena_index(std::int64_t p) const {
    const std::int64_t bias = tiles_bias_offset(model_);
    if (p >= bias) return p - bias < model_.n_outputs ? model_.bias + (p - bias) : -1;
    const int width = 4 * model_.pieces();
    const std::int64_t feature = p % width;
    return feature < model_.n_features ? p / width * model_.n_features + feature : -1;
  }

  /// Adds the rows of the team, agrees on losses, finiteness and norm, and updates: every value by one thread of the
  /// team. False if something is not finite.
  __device__ bool update(std::int64_t step, std::int64_t count, double loss) {
    const std::int64_t step_size = static_cast<std::int64_t>(plan_.blocks) * kTileThreads;
    const std::int64_t start = static_cast<std::int64_t>(rank_) * kTileThreads + thread_;
    bool bad = false;
    double squares = 0.0;
    for (std::int64_t p = start; p < pitch_; p += step_size) {
      if (arena_index(p) < 0) continue;
      float sum = 0.0F;
      for (int r = 0; r < team_rows_; ++r) sum += __ldcg(scratch_.gradients + r * pitch_ + p);
      bad = bad || !isfinite(sum);
      sum = core::clip_by_value(sum, task_.rule.clip_value);
      scratch_.gradients[p] = sum;
      squares += static_cast<double>(sum) * static_cast<double>(sum);
    }
    const TilesSums team = agree({.loss = lane_ == 0 ? loss : 0.0, .squares = squares, .bad = bad ? 1.0 : 0.0});
    if (rank_ == 0 && thread_ == 0) task_.losses[step] = team.loss / static_cast<double>(count);
    if (team.bad != 0.0 || !isfinite(team.loss)) {
      if (rank_ == 0 && thread_ == 0) *task_.first_non_finite = static_cast<std::int32_t>(step);
      return false;
    }
    const float factor = core::clip_by_norm_factor<float>(team.squares, task_.rule.clip_norm);
    for (std::int64_t p = start; p < pitch_; p += step_size) {
      const std::int64_t at = arena_index(p);
      if (at < 0) continue;
      const core::StepConstants<float>* constants = reinterpret_cast<const core::StepConstants<float>*>(constants_);
      core::with_rule(task_.rule.rule, SlotUpdate<std::int64_t>{.from = task_.parameters + at,
                                                                .to = task_.parameters + at,
                                                                .state_from = task_.state + at,
                                                                .state_to = task_.state + at,
                                                                .pitch = model_.n_trainable,
                                                                .n_slots = task_.rule.n_slots,
                                                                .gradient = scratch_.gradients[p] * factor,
                                                                .constants = constants,
                                                                .penalised = at < model_.bias,
                                                                .flags = task_.rule.flags});
    }
    barrier_.sync(crew_);
    return true;
  }

  /// Sums over all threads of the team, in a fixed order.
  __device__ TilesSums agree(TilesSums mine) {
    const auto over_block = [&](double value) {
      value = sum_lanes(value, 16, 1);
      __syncthreads();
      if (lane_ == 0) sums_[warp_] = value;
      __syncthreads();
      return sum_lanes(lane_ < kTileWarps ? sums_[lane_] : 0.0, 16, 1);
    };
    mine = {.loss = over_block(mine.loss), .squares = over_block(mine.squares), .bad = over_block(mine.bad)};
    if (plan_.blocks == 1) return mine;
    if (thread_ == 0) scratch_.sums[rank_] = mine;
    barrier_.sync(crew_);
    TilesSums team{};
    for (int b = lane_; b < plan_.blocks; b += kWarp) {
      team.loss += __ldcg(&scratch_.sums[b].loss);
      team.squares += __ldcg(&scratch_.sums[b].squares);
      team.bad += __ldcg(&scratch_.sums[b].bad);
    }
    return {.loss = sum_lanes(team.loss, 16, 1),
            .squares = sum_lanes(team.squares, 16, 1),
            .bad = sum_lanes(team.bad, 16, 1)};
  }

  const MemberTask task_;  ///< a copy, so that what is used stays in registers
  const float* common_;    ///< the constants, for threads to pick from
  const LinearModel& model_;
  const LaunchPlan plan_;
  const int team_rows_, row_, column_, rank_;
  const int slices_, chunk_rows_;
  const std::int64_t pitch_;
  const TilesScratch scratch_;
  TeamBarrier& barrier_;
  const int thread_, warp_, lane_;
  const Crew crew_{kTileWarps};
  float4* tile_;
  float4* weights_;
  float* derivatives_;
  double* sums_;
  float* constants_;
  int side_ = 0;
};

}  // namespace slalom::cuda
