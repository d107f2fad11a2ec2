// SPDX-License-Identifier: Apache-2.0
// The rule that says how a linear model is trained on a device: which kernel, how many warps and blocks. Pure.
#pragma once

#include <cstdint>

#include <slalom/config.hpp>

#include "core/hd.hpp"
#include "core/rules.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// What the linear kernels need to know of the model. Weights are the arena's first n_outputs * n_features values.
struct LinearModel {
  int n_features = 0;
  int n_outputs = 1;
  int stride = 0;  ///< floats from one stored row to the next
  LossKind loss = LossKind::kMse;
  float loss_constant = 0.0F;
  std::int64_t bias = 0;         ///< arena offset
  std::int64_t n_trainable = 0;  ///< floats from one state slot to the next

  [[nodiscard]] SLALOM_HD bool has_labels() const { return loss == LossKind::kCrossEntropy; }
  /// Targets (or the label) of a row, in 4-byte words.
  [[nodiscard]] SLALOM_HD int target_words() const { return has_labels() ? 1 : n_outputs; }
  /// 16-byte pieces of a row; rows of 1 and 2 floats are one piece that is not full.
  [[nodiscard]] SLALOM_HD int pieces() const { return (stride + 3) / 4; }
  /// What the mean over a batch of `rows` rows divides by.
  [[nodiscard]] SLALOM_HD std::int64_t loss_count(std::int64_t rows) const {
    return has_labels() ? rows : rows * n_outputs;
  }
};
[[nodiscard]] LinearModel linear_model(const ModelSpec& spec);

/// What a device offers a kernel, and what the rule assumes of it.
struct DeviceLimits {
  int multiprocessors = 1;
  std::int64_t shared_bytes = 48 * 1024;  ///< most shared memory of a block
  /// Estimated cost of a barrier over blocks with what is written before and read after it; 0, with
  /// `exchanges`: every batch is shared.
  std::int64_t exchange_ns = 2500;
  int exchanges = 0;              ///< 1 or 2: that many a step (TeamExchange) at any cost; 0: the better number
  bool rows_in_registers = true;  ///< false: the tiles kernel trains everything
};

/// How the rows kernels (device/rows_member.cuh) hold a model: a row lies in `lanes` neighbouring lanes, `vectors`
/// 16-byte pieces in each; gradients for `outputs` outputs are summed in registers. outputs == 0: it does not fit
/// registers.
struct RowsShape {
  int outputs = 0;  ///< n_outputs, rounded up to 1, 4 or 16
  int vectors = 0;
  int lanes = 0;
  [[nodiscard]] SLALOM_HD int groups() const { return 32 / lanes; }
};
[[nodiscard]] RowsShape rows_shape(const LinearModel& model);

/// Values of a gradient in shared memory: weights [n_outputs, 4 * pieces], biases, and one that is NaN if the loss is
/// not finite.
[[nodiscard]] SLALOM_HD int rows_slots(const LinearModel& model) {
  return model.n_outputs * (4 * model.pieces() + 1) + 1;
}

inline constexpr int kSectorFloats = 8;  ///< of the 32 bytes that memory is read by

/// Floats from one such gradient to the next, so that each starts on a sector.
[[nodiscard]] SLALOM_HD int rows_pitch(const LinearModel& model) {
  return (rows_slots(model) + kSectorFloats - 1) / kSectorFloats * kSectorFloats;
}

/// Values of the gradient that one of `blocks` blocks adds up for all of them: whole sectors.
[[nodiscard]] SLALOM_HD int rows_share(const LinearModel& model, int blocks) {
  const int sectors = rows_pitch(model) / kSectorFloats;
  return (sectors + blocks - 1) / blocks * kSectorFloats;
}

/// What a row brings along besides its features: its number, its weight, its targets.
[[nodiscard]] SLALOM_HD unsigned row_side_words(const LinearModel& model) {
  return 2U + static_cast<unsigned>(model.target_words());
}

/// Byte offsets into a block's shared memory; a copy of the member's task starts at 0.
struct RowsLayout {
  unsigned ring = 0, side = 0, z = 0, values = 0, partial = 0, losses = 0, norms = 0, constants = 0;
  unsigned bytes = 0;
  int pitch = 0;  ///< rows_pitch()
};

inline constexpr std::int64_t kMostRows = (std::int64_t{1} << 31) - 1;  ///< of a member in a launch
inline constexpr int kRowStages = 4;               ///< passes whose rows are under way while one is computed
inline constexpr int kRowsAhead = 2 * kRowStages;  ///< passes whose row numbers are under way
inline constexpr int kMostRowWarps = 16;
inline constexpr int kWarpSlots = 64;  ///< up to so many gradient values every warp updates its own copy of the model

/// Most warps of a block, by registers: shapes that keep many sums in registers have room for fewer.
[[nodiscard]] SLALOM_HD constexpr int rows_most_warps(int outputs, int vectors) {
  if (outputs > 1 || vectors >= 8) return kMostRowWarps / 2;
  return vectors >= 4 ? kMostRowWarps * 3 / 4 : kMostRowWarps;
}

/// Memory of a block of `warps` warps for an optimiser with n_slots state values a parameter.
[[nodiscard]] SLALOM_HD RowsLayout rows_layout(const LinearModel& model, const RowsShape& shape, int warps,
                                               int n_slots) {
  const auto w = static_cast<unsigned>(warps);
  const auto groups = static_cast<unsigned>(shape.groups());
  const int slots = rows_slots(model);
  const bool per_warp = slots <= kWarpSlots;
  RowsLayout layout;
  layout.pitch = rows_pitch(model);
  const unsigned gradient = static_cast<unsigned>(layout.pitch) * 4U;
  unsigned end = 0;
  const auto place = [&end](unsigned& offset, unsigned bytes) {
    offset = end;
    end += (bytes + 15U) / 16U * 16U;
  };
  unsigned task = 0;
  place(task, sizeof(MemberTask));
  place(layout.ring, w * kRowStages * static_cast<unsigned>(shape.vectors) * 512U);
  place(layout.side, w * kRowsAhead * groups * row_side_words(model) * 4U);
  place(layout.z, shape.outputs == 1 ? 0U : w * groups * (static_cast<unsigned>(shape.outputs) + 1U) * 4U);
  place(layout.values, (per_warp ? w : 1U) * 2U * (1U + static_cast<unsigned>(n_slots)) * gradient);
  place(layout.partial, (per_warp ? 2U : 1U) * w * gradient);
  place(layout.losses, 2U * w * 8U);
  place(layout.norms, w * 8U);
  place(layout.constants, (kRowsAhead + 2U) * 16U * 4U);
  layout.bytes = end;
  return layout;
}

/// The rule for one member: plan.blocks == 1: no other block is needed (linear_block); more share the rows of every
/// batch (linear_grid). It depends on the member's own batch size alone, never on other members or on how steps are cut
/// into launches: it fixes the order of sums, and a member must get the same bits in any company.
[[nodiscard]] LaunchPlan rows_plan(const LinearModel& model, const RowsShape& shape, std::int64_t batch_size,
                                   const DeviceLimits& limits);

/// Whether one warp's worth of the model fits a block's shared memory; if not, the tiles kernel trains it.
[[nodiscard]] bool rows_fit(const LinearModel& model, const RowsShape& shape, const DeviceLimits& limits);

}  // namespace slalom::cuda
