// SPDX-License-Identifier: Apache-2.0
// What a training kernel is told of one member of the population: plain values and device pointers.
#pragma once

#include <cstdint>

#include "core/rules.hpp"

namespace slalom::cuda {

/// X on the device: row-major float32, row i at data + i * stride. stride is row_stride(n_features) of dataset.hpp, so
/// rows of 3 or more features start on 16-byte and those of 5 or more on 32-byte boundaries; the padding is zero.
struct DeviceFeatures {
  const float* data = nullptr;
  std::int64_t n_features = 0;
  std::int64_t stride = 0;
};

/// A Dataset on the device. Exactly one of targets and labels is there (neither for prediction).
struct DeviceData {
  DeviceFeatures x;
  const float* targets = nullptr;        ///< [n_rows, n_targets]
  const std::int32_t* labels = nullptr;  ///< [n_rows], cross-entropy
  const float* weights = nullptr;        ///< [n_rows], or null: every row counts 1
};

/// The rule of a member's optimiser, as core::update takes it, and the clipping before it.
struct DeviceRule {
  core::Rule rule = core::Rule::kSgd;
  core::RuleFlags flags;
  int n_slots = 0;
  float clip_value = 0.0F;  ///< 0: none
  double clip_norm = 0.0;   ///< 0: none
};

/// Targets in visiting order, for engines that ask for it (DeviceEngine::wants_ordered_inputs): entry i belongs to the
/// i-th row visited. A single target picked out by row index would cost a whole 32-byte sector of memory traffic.
struct OrderedTargets {
  const float* targets = nullptr;        ///< [n_rows, n_targets]
  const std::int32_t* labels = nullptr;  ///< [n_rows], cross-entropy
  const float* weights = nullptr;        ///< [n_rows], or null: every row counts 1
};

/// The StepConstants of a launch without repetition, for the same engines: what is the same in every step stands once.
struct PackedConstants {
  static constexpr int kFields = sizeof(core::StepConstants<float>) / sizeof(float);
  core::StepConstants<float> first{};
  std::uint32_t varying = 0;      ///< bit f: field f differs between steps
  const float* values = nullptr;  ///< [steps, varying fields in order]
};

/// How a member's steps are spread over the device; filled in and understood by the engine alone.
struct LaunchPlan {
  std::int32_t warps = 0;
  std::int32_t blocks = 1;
  std::int32_t first_block = 0;
  std::int32_t share = 0;                 ///< grid: gradient values that a block adds up for its team; 0: all
  std::int32_t columns = 1;               ///< tiles: blocks side by side in a row of the team
  std::int32_t tile_rows = 0, slice = 0;  ///< tiles: rows of a tile, 16-byte pieces of its rows
};

/// MemberTask::first_non_finite of a member that stopped in an earlier launch of the same block of steps; its copy of
/// the task in device memory has n_rows == 0. Even, like the 0 steps it does.
inline constexpr std::int32_t kStoppedBefore = 0x7ffffffe;

/// One member's steps of a launch: ceil(n_rows / batch_size) consecutive mini-batches. A member with n_rows == 0 rests.
struct MemberTask {
  DeviceData data;
  const std::uint32_t* rows = nullptr;  ///< [n_rows] rows of `data` in visiting order; null: 0, 1, 2, ...
  std::int64_t n_rows = 0;
  std::int64_t batch_size = 1;
  float* parameters = nullptr;                            ///< the arena (ParameterLayout), updated in place
  float* state = nullptr;                                 ///< [n_slots, n_trainable], updated in place
  const core::StepConstants<float>* constants = nullptr;  ///< [steps], unless the engine wants them packed
  double* losses = nullptr;                               ///< [steps], written
  /// Written if a loss or gradient is not finite: that step (from 0). Neither it nor any later step updates parameters or state (running
  /// statistics: docs/numerics.md). Before: -1 or kStoppedBefore.
  std::int32_t* first_non_finite = nullptr;
  DeviceRule rule;
  OrderedTargets ordered;  ///< if the engine wants it
  PackedConstants packed;  ///< if the engine wants it
  LaunchPlan plan;
  std::uint64_t seed = 1;  ///< with stream: keys the dropout masks
  std::uint32_t stream = 0;
  std::int64_t first_step = 0;  ///< optimiser steps this member had done before
};

[[nodiscard]] constexpr std::int64_t steps_of(const MemberTask& task) noexcept {
  return (task.n_rows + task.batch_size - 1) / task.batch_size;
}

}  // namespace slalom::cuda
