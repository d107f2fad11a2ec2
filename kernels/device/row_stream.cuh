// SPDX-License-Identifier: Apache-2.0
// The rows that a warp visits, step after step, requested several passes before they are needed.
#pragma once

#include "device/async_copy.cuh"
#include "device/lanes.cuh"
#include "linear_plan.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// A RowsShape in the type, as far as the kernel is compiled for it: kLanes == 0 leaves that to run time.
template <int K, int V, int kLanes>
class KernelShape {
 public:
  static constexpr int kOutputs = K;
  static constexpr int kVectors = V;
  __device__ explicit KernelShape(const RowsShape& shape) : lanes_(static_cast<unsigned>(shape.lanes)) {}
  [[nodiscard]] __device__ unsigned lanes() const { return kLanes > 0 ? kLanes : lanes_; }
  [[nodiscard]] __device__ unsigned groups() const { return 32U / lanes(); }

 private:
  unsigned lanes_;
};

/// Where a warp is in the visiting order. A pass is what all warps of a member's blocks take at once.
struct RowCursor {
  unsigned begin, end;  ///< the step's rows in the visiting order
  unsigned first;       ///< the warp's first row of this pass
  unsigned step, pass;
};

/// How a member's rows are dealt out: pass by pass, then block by block, warp by warp, group of lanes by group.
struct RowDeal {
  unsigned n_rows, batch, passes;
  unsigned pass_rows;  ///< of all blocks
  unsigned offset;     ///< of this warp in a pass

  __device__ RowDeal(const MemberTask& task, unsigned groups, int rank, int warp)
      : n_rows(static_cast<unsigned>(task.n_rows)),
        batch(static_cast<unsigned>(task.batch_size < task.n_rows ? task.batch_size : task.n_rows)),
        pass_rows(static_cast<unsigned>(task.plan.blocks * task.plan.warps) * groups),
        offset(static_cast<unsigned>(rank * task.plan.warps + warp) * groups) {
    passes = (batch + pass_rows - 1) / pass_rows;
  }
  [[nodiscard]] __device__ RowCursor start() const { return {0, batch, offset, 0, 0}; }
  __device__ void advance(RowCursor& at) const {
    at.first += pass_rows;
    if (++at.pass < passes) return;
    at.pass = 0;
    ++at.step;
    at.begin = at.end;
    at.end = n_rows - at.begin < batch ? n_rows : at.begin + batch;
    at.first = at.begin + offset;
  }
  [[nodiscard]] __device__ bool over(const RowCursor& at) const { return at.begin >= n_rows; }
};

/// A ring of kRowStages passes in shared memory. A lane copies exactly the pieces that it reads itself, so rows need no
/// barrier at all; row numbers, weights and targets are copied by neighbouring lanes for each other and need a
/// __syncwarp. Place p of the ring holds a warp's pieces lane by lane: no bank conflicts whatever the row length.
/// What changes in the constants of a step is requested along with its first pass, by warp 0.
template <class Shape>
class RowStream {
 public:
  __device__ RowStream(const MemberTask& task, const LinearModel& model, Shape shape, const RowDeal& deal,
                       const RowsLayout& layout, char* shared, int warp, int lane)
      : rows_(task.rows),
        weights_(task.ordered.weights),
        deal_(deal),
        row_bytes_(static_cast<unsigned>(model.stride) * 4U),
        lane_(static_cast<unsigned>(lane)),
        shape_(shape),
        words_(Shape::kOutputs == 1 ? 1U : static_cast<unsigned>(model.target_words())),
        row_cursor_(deal.start()),
        index_cursor_(deal.start()) {
    const unsigned lanes = shape.lanes();
    const auto w = static_cast<unsigned>(warp);
    const unsigned place = lane_ % lanes;
    x_ = reinterpret_cast<const char*>(task.data.x.data) + place * 16U;
    const auto pieces = static_cast<unsigned>(model.pieces());
    vectors_ = place < pieces ? (pieces - place + lanes - 1) / lanes : 0;
    targets_ = model.has_labels() ? reinterpret_cast<const float*>(task.ordered.labels) : task.ordered.targets;
    ring_ = kept(shared_address(shared + layout.ring) + w * (kRowStages * kPlaceBytes) + lane_ * 16U);
    side_bytes_ = kept(row_side_words(model) * groups() * 4U);
    side_ = kept(shared_address(shared + layout.side) + w * kRowsAhead * side_bytes_);
    // One field of the constants a lane.
    const unsigned varying = task.packed.varying;
    changes_ = warp == 0 && lane < PackedConstants::kFields && (varying >> lane & 1U) != 0;
    n_values_ = static_cast<unsigned>(__popc(varying));
    values_ = task.packed.values + __popc(varying & ((1U << lane) - 1U));
    constants_ = kept(shared_address(shared + layout.constants) + lane_ * 4U);
    if (row_bytes_ < 16U) {  // copies do not fill the pieces
      for (unsigned p = 0; p < kRowStages; ++p) {
        asm volatile("st.shared.v4.f32 [%0], {%1, %1, %1, %1};" ::"r"(ring_ + p * kPlaceBytes), "f"(0.0F) : "memory");
      }
    }
#pragma unroll 1
    for (unsigned pass = 0; pass < kRowsAhead; ++pass) request_index(pass);
    commit_async();
    wait_async<0>();
    __syncwarp();
#pragma unroll 1
    for (unsigned pass = 0; pass < kRowStages; ++pass) {
      request_rows(pass);
      commit_async();
    }
  }

  /// Waits for the next pass. Its values may be read until request().
  __device__ void wait() const {
    wait_async<kRowStages - 1>();
    __syncwarp();
  }
  /// Piece `v` of the lane's row (zeros where there is none).
  [[nodiscard]] __device__ float4 piece(unsigned v) const {
    if (v >= vectors_) return make_float4(0.0F, 0.0F, 0.0F, 0.0F);
    return load_shared4(ring_ + pass_ % kRowStages * kPlaceBytes + v * 512U);
  }
  /// The address of the row's targets or label.
  [[nodiscard]] __device__ unsigned targets() const { return side(pass_) + (2U * groups() + group() * words_) * 4U; }
  [[nodiscard]] __device__ bool weighted() const { return weights_ != nullptr; }
  [[nodiscard]] __device__ float weight() const { return load_shared(side(pass_) + (groups() + group()) * 4U); }
  /// Field `lane` of the constants of `step` is one that changes, and its value.
  [[nodiscard]] __device__ bool changes() const { return changes_; }
  [[nodiscard]] __device__ float constant(unsigned step) const {
    return load_shared(constants_ + step % kRowsAhead * 64U);
  }

  /// Leaves this pass and requests the one that takes its place in the ring. Pieces must have been read; targets stay
  /// readable for another kRowStages passes.
  __device__ void request() {
    request_rows(pass_ + kRowStages);
    request_index(pass_ + kRowsAhead);
    commit_async();
    ++pass_;
  }
  /// To be called before the shared memory is used for anything else.
  __device__ void finish() const { wait_async<0>(); }

 private:
  static constexpr unsigned V = Shape::kVectors;
  static constexpr unsigned kPlaceBytes = V * 512U;

  [[nodiscard]] __device__ unsigned groups() const { return shape_.groups(); }
  [[nodiscard]] __device__ unsigned group() const { return lane_ / shape_.lanes(); }

  [[nodiscard]] __device__ unsigned side(unsigned pass) const { return side_ + pass % kRowsAhead * side_bytes_; }

  __device__ void request_index(unsigned pass) {
    if (deal_.over(index_cursor_)) return;
    if (rows_ != nullptr && lane_ < groups()) {
      const unsigned position = index_cursor_.first + lane_;
      const bool there = position < index_cursor_.end;
      copy_async<4>(side(pass) + lane_ * 4U, rows_ + (there ? position : 0U), there);
    }
    deal_.advance(index_cursor_);
  }

  __device__ void request_rows(unsigned pass) {
    const RowCursor& at = row_cursor_;
    if (deal_.over(at)) return;
    const unsigned to_side = side(pass);
    const bool present = at.first + group() < at.end;
    unsigned row = present ? at.first + group() : 0U;
    if (rows_ != nullptr) row = __float_as_uint(load_shared(to_side + group() * 4U));
    const char* from = x_ + static_cast<unsigned long long>(row) * row_bytes_;
    const unsigned to = ring_ + pass % kRowStages * kPlaceBytes;
    if (row_bytes_ >= 16U) {
#pragma unroll
      for (unsigned v = 0; v < V; ++v) {
        if (v < vectors_) copy_async<16>(to + v * 512U, from + v * shape_.lanes() * 16U, present);
      }
    } else if (row_bytes_ == 8U) {
      copy_async<8>(to, from, present);
    } else {
      copy_async<4>(to, from, present);
    }
    if (lane_ < groups()) {
      const bool there = at.first + lane_ < at.end;
      const unsigned first = there ? at.first + lane_ : 0U;
      if (words_ == 1U) copy_async<4>(to_side + (2U * groups() + lane_) * 4U, targets_ + first, there);
      if (weights_ != nullptr) copy_async<4>(to_side + (groups() + lane_) * 4U, weights_ + first, there);
    }
    if (Shape::kOutputs > 1 && words_ > 1U) {
      const unsigned rows_here = at.first < at.end ? at.end - at.first : 0U;
      const float* targets = targets_ + static_cast<unsigned long long>(rows_here > 0 ? at.first : 0U) * words_;
      for (unsigned i = lane_; i < groups() * words_; i += kWarp) {
        const bool there = i < rows_here * words_;
        copy_async<4>(to_side + (2U * groups() + i) * 4U, targets + (there ? i : 0U), there);
      }
    }
    if (changes_ && at.pass == 0) {
      copy_async<4>(constants_ + at.step % kRowsAhead * 64U,
                    values_ + static_cast<unsigned long long>(at.step) * n_values_, true);
    }
    deal_.advance(row_cursor_);
  }

  const char* x_;
  const std::uint32_t* rows_;
  const float* targets_;
  const float* weights_;
  const float* values_;
  RowDeal deal_;
  unsigned row_bytes_, vectors_;
  unsigned lane_;
  Shape shape_;
  unsigned words_, n_values_;
  unsigned ring_, side_, side_bytes_, constants_;
  bool changes_;
  RowCursor row_cursor_, index_cursor_;
  unsigned pass_ = 0;
};

}  // namespace slalom::cuda
