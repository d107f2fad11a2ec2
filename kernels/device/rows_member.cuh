// SPDX-License-Identifier: Apache-2.0
// All steps of one member by the warps of a block, or of a team of blocks that share every batch.
#pragma once

#include <type_traits>

#include "core/clip.hpp"
#include "device/rows_pass.cuh"

namespace slalom::cuda {

/// What a team of blocks exchanges, in global memory: one gradient and one loss a block, twice, because a fast block
/// writes those of the next step while a slow one still reads this step's. With one exchange a step, every block adds
/// all gradients. With two, block i adds its share of the values of all of them and puts the sums in their place in the
/// first block's gradient, which all read after the second barrier: far less to read, for one more barrier.
struct TeamExchange {
  float* gradients = nullptr;  ///< [2, blocks of the grid, pitch]
  double* losses = nullptr;    ///< [2, blocks of the grid]
  int first_block = 0;         ///< of the team
  int grid_blocks = 1;
};

/// The sums of one step, gathered from warps (and blocks): `count` gradients in shared memory that remain to be added.
struct GatheredSums {
  const float* gradients;
  int pitch;
  int count;
  [[nodiscard]] __device__ float gradient(int slot) const {
    float sum = gradients[slot];
    for (int i = 1; i < count; ++i) sum += gradients[i * pitch + slot];
    return sum;
  }
};

/// What the training of a member needs besides its rows.
template <class Shape, bool kTeam>
class RowsMember {
 public:
  /// `task` lies in global memory, or at the start of the shared memory.
  __device__ RowsMember(const MemberTask& task, const LinearModel& model, const RowsShape& shape, int rank,
                        TeamExchange exchange, TeamBarrier& barrier, char* shared)
      : task_(task),
        plan_(task.plan),
        model_(model),
        rank_(rank),
        exchange_(exchange),
        barrier_(barrier),
        layout_(rows_layout(model, shape, task.plan.warps, task.rule.n_slots)),
        crew_{task.plan.warps},
        warp_(static_cast<int>(threadIdx.x) / kWarp),
        lane_(static_cast<int>(threadIdx.x) % kWarp),
        common_(reinterpret_cast<const float*>(&task.packed.first)),
        values_(model, layout_, task, shared, task.plan.warps),
        partial_(reinterpret_cast<float*>(shared + kept(layout_.partial))),
        losses_(reinterpret_cast<double*>(shared + kept(layout_.losses))),
        norms_(reinterpret_cast<double*>(shared + kept(layout_.norms))),
        current_(reinterpret_cast<float*>(shared + kept(layout_.constants)) + kRowsAhead * 16),
        shape_(Shape(shape)),
        shared_(shared) {}

  __device__ void run() {
    const RowDeal deal(task_, shape_.groups(), rank_, warp_);
    RowLane<Shape> my(model_, shape_, layout_, shared_);
    values_.load(task_, model_);
    const float unchanging = lane_ < PackedConstants::kFields ? common_[lane_] : 0.0F;
    RowStream<Shape> stream(task_, model_, shape_, deal, layout_, shared_, warp_, lane_);
    crew_.sync();
    StepScale scale;
    RowCursor at = deal.start();
    while (!deal.over(at)) {
      const unsigned step = at.step;
      const std::int64_t count = model_.loss_count(at.end - at.begin);
      scale.set(count);
      my.start_step(values_);
      RowSums<Shape::kOutputs, Shape::kVectors> sums;
      do {
        stream.wait();
        add_rows(my, values_, stream, at.first + static_cast<unsigned>(my.group) < at.end, scale, sums);
        deal.advance(at);
      } while (at.step == step);
      const int side = static_cast<int>(step & 1U);
      write_sums(my, values_, sums, warp_gradient(side, warp_), losses_ + side * plan_.warps + warp_);
      if (warp_ == 0 && lane_ < PackedConstants::kFields) {
        current_[side * 16 + lane_] = stream.changes() ? stream.constant(step) : unchanging;
      }
      crew_.sync();
      if (!finish_step(step, side, count)) break;
    }
    stream.finish();
    crew_.sync();
    if (rank_ == 0) values_.store(task_, model_);
  }

 private:
  [[nodiscard]] __device__ float* warp_gradient(int side, int i) const {
    return partial_ + ((values_.per_warp() ? side * plan_.warps : 0) + i) * layout_.pitch;
  }

  /// Adds, clips, updates. False if loss or gradient is not finite: then nothing has changed.
  __device__ bool finish_step(unsigned step, int side, std::int64_t count) {
    const GatheredSums sums = gather(side);
    record_loss(step, side, count);
    const float factor = task_.rule.clip_norm > 0.0 ? clip_factor(sums) : 1.0F;
    const float* constants = current_ + side * 16;
    bool bad = false;
    for (int slot = values_.first(); slot < values_.count(); slot += values_.step()) {
      const float sum = sums.gradient(slot);
      bad = bad || !isfinite(sum);
      values_.update(slot, clipped(sum) * factor, task_.rule, constants);
    }
    if (values_.per_warp()) {
      bad = __any_sync(kAllLanes, bad);
      __syncwarp();
    } else {
      bad = crew_.any(bad);
    }
    if (bad) {
      if (rank_ == 0 && threadIdx.x == 0) *task_.first_non_finite = static_cast<std::int32_t>(step);
      return false;
    }
    values_.accept();
    return true;
  }

  [[nodiscard]] __device__ float clipped(float gradient) const {
    return core::clip_by_value(gradient, task_.rule.clip_value);
  }

  /// One gradient a warp; in a team, each block's sum goes to the others and all blocks add all of them.
  __device__ GatheredSums gather(int side) {
    GatheredSums sums{.gradients = warp_gradient(side, 0), .pitch = layout_.pitch, .count = plan_.warps};
    if constexpr (kTeam) {
      if (plan_.blocks > 1) sums.count = exchange(side, sums);
    }
    return sums;
  }

  __device__ int exchange(int side, const GatheredSums& mine) {
    const int threads = plan_.warps * kWarp;
    const int base = side * exchange_.grid_blocks + exchange_.first_block;
    float* gradients = exchange_.gradients + static_cast<std::int64_t>(base) * layout_.pitch;
    for (int slot = static_cast<int>(threadIdx.x); slot < values_.count(); slot += threads) {
      __stcg(gradients + static_cast<std::int64_t>(rank_) * layout_.pitch + slot, mine.gradient(slot));
    }
    if (warp_ == plan_.warps - 1 && lane_ == 0) __stcg(exchange_.losses + base + rank_, warp_losses(side));
    barrier_.sync(crew_);
    const bool shares = plan_.share > 0;
    const int begin = min(rank_ * plan_.share, values_.count());
    const int end = shares ? min(begin + plan_.share, values_.count()) : values_.count();
    const GatheredSums parts{
        .gradients = warp_gradient(side, 0), .pitch = layout_.pitch, .count = add_blocks(side, gradients, begin, end)};
    if (!shares) return parts.count;
    for (int slot = begin + static_cast<int>(threadIdx.x); slot < end; slot += threads) {
      __stcg(gradients + slot, parts.gradient(slot));
    }
    barrier_.sync(crew_);
    float* sum = warp_gradient(side, 0);
    for (int slot = static_cast<int>(threadIdx.x); slot < values_.count(); slot += threads) {
      sum[slot] = __ldcg(gradients + slot);
    }
    crew_.sync();
    return 1;
  }

  /// Adds slots [begin, end) of all blocks' gradients into so many parts in shared memory as it returns.
  __device__ int add_blocks(int side, const float* gradients, int begin, int end) {
    const int threads = plan_.warps * kWarp;
    // Threads side by side take neighbouring slots; threads left over share the blocks.
    int width = kWarp;
    while (width < end - begin && width < threads) width *= 2;
    const int parts = threads / width > 1 ? threads / width : 1;
    width = parts > 1 ? width : threads;
    const int part = static_cast<int>(threadIdx.x) / width;
    float* to = warp_gradient(side, part);
    const int first = begin + static_cast<int>(threadIdx.x) % width;
    for (int slot = first; part < parts && slot < end; slot += width) {
      float sum = 0.0F;
#pragma unroll 4
      for (int b = part; b < plan_.blocks; b += parts) {
        sum += __ldcg(gradients + static_cast<std::int64_t>(b) * layout_.pitch + slot);
      }
      to[slot] = sum;
    }
    crew_.sync();
    return parts;
  }

  /// The block's loss.
  [[nodiscard]] __device__ double warp_losses(int side) const {
    const double* losses = losses_ + side * plan_.warps;
    double sum = losses[0];
    for (int w = 1; w < plan_.warps; ++w) sum += losses[w];
    return sum;
  }

  __device__ void record_loss(unsigned step, int side, std::int64_t count) const {
    if (rank_ != 0 || warp_ != plan_.warps - 1) return;
    double loss = 0.0;
    if (kTeam && plan_.blocks > 1) {
      const double* losses = exchange_.losses + side * exchange_.grid_blocks + exchange_.first_block;
      for (int b = lane_; b < plan_.blocks; b += kWarp) loss += __ldcg(losses + b);
      loss = sum_lanes(loss, 16, 1);
    } else if (lane_ == 0) {
      loss = warp_losses(side);
    }
    if (lane_ == 0) task_.losses[step] = loss / static_cast<double>(count);
  }

  /// What the gradient, clipped by value, must be multiplied by to have at most the norm allowed.
  [[nodiscard]] __device__ float clip_factor(const GatheredSums& sums) const {
    double squares = 0.0;
    for (int slot = values_.first(); slot < values_.count(); slot += values_.step()) {
      const auto g = static_cast<double>(clipped(sums.gradient(slot)));
      squares += g * g;
    }
    squares = sum_lanes(squares, 16, 1);
    if (!values_.per_warp()) {
      if (lane_ == 0) norms_[warp_] = squares;
      crew_.sync();
      squares = sum_lanes(lane_ < plan_.warps ? norms_[lane_] : 0.0, 16, 1);
    }
    return core::clip_by_norm_factor<float>(squares, task_.rule.clip_norm);
  }

  /// Alone, a copy: what is used stays in registers. In a team, which has fewer to spare, not.
  const std::conditional_t<kTeam, const MemberTask&, const MemberTask> task_;
  const std::conditional_t<kTeam, const LaunchPlan&, const LaunchPlan> plan_;
  const LinearModel& model_;
  const int rank_;
  const TeamExchange exchange_;
  TeamBarrier& barrier_;
  const RowsLayout layout_;
  const Crew crew_;
  const int warp_, lane_;
  const float* common_;  ///< the constants, for lanes to pick from
  RowsValues values_;
  float* partial_;
  double* losses_;
  double* norms_;
  float* current_;
  const Shape shape_;
  char* shared_;
};

}  // namespace slalom::cuda
