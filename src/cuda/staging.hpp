// SPDX-License-Identifier: Apache-2.0
// Carries one launch's inputs to the device and its losses back through page-locked memory.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <cuda_runtime_api.h>

#include "cuda/arena.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// Memory for one launch at a time: row lists or rows, step constants, tasks, losses and flags of all members together,
/// on both sides.
class Staging {
 public:
  /// Sizes of one launch, summed over the members.
  struct Need {
    std::int64_t rows = 0, steps = 0, members = 0;
    std::int64_t constants = 0;                         ///< steps, or 0 if they are packed
    std::int64_t constant_values = 0;                   ///< values of packed constants
    std::int64_t features = 0;                          ///< values of rows, if they are streamed
    std::int64_t targets = 0, labels = 0, weights = 0;  ///< in visiting order, if they are streamed or wanted so
  };
  /// Bytes that a launch of so many members takes at most besides its rows and steps.
  [[nodiscard]] static std::int64_t overhead(std::int64_t members);
  /// Takes so many bytes on either side, unless there are as many. No launch may use it now. `shortages`: told if the
  /// host's part is not page-locked.
  void reserve(std::int64_t bytes, Shortages* shortages);
  /// Lays out memory for a launch. Where there is too little, takes what is needed, or twice as much if that is at most
  /// `most_bytes` and there. No launch may use it now.
  void make_room(const Need& need, std::int64_t most_bytes, Shortages* shortages = nullptr);
  /// Gives the memory back. No launch may use it now.
  void release();
  /// Of device memory.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept { return static_cast<std::int64_t>(device_.bytes()); }

  // Host side, filled before upload().
  [[nodiscard]] std::span<std::uint32_t> rows() const { return host_.span(rows_); }
  [[nodiscard]] std::span<core::StepConstants<float>> constants() const { return host_.span(constants_); }
  [[nodiscard]] std::span<MemberTask> tasks() const { return host_.span(tasks_); }
  [[nodiscard]] std::span<float> constant_values() const { return host_.span(constant_values_); }
  [[nodiscard]] std::span<float> features() const { return host_.span(features_); }
  [[nodiscard]] std::span<float> targets() const { return host_.span(targets_); }
  [[nodiscard]] std::span<std::int32_t> labels() const { return host_.span(labels_); }
  [[nodiscard]] std::span<float> weights() const { return host_.span(weights_); }

  // Device side, for the pointers inside tasks.
  [[nodiscard]] const std::uint32_t* device_rows() const { return device_.pointer(rows_); }
  [[nodiscard]] const core::StepConstants<float>* device_constants() const { return device_.pointer(constants_); }
  [[nodiscard]] MemberTask* device_tasks() const { return device_.pointer(tasks_); }
  [[nodiscard]] const float* device_constant_values() const { return device_.pointer(constant_values_); }
  [[nodiscard]] const float* device_features() const { return device_.pointer(features_); }
  [[nodiscard]] const float* device_targets() const { return device_.pointer(targets_); }
  [[nodiscard]] const std::int32_t* device_labels() const { return device_.pointer(labels_); }
  [[nodiscard]] const float* device_weights() const { return device_.pointer(weights_); }
  [[nodiscard]] double* device_losses() const { return device_.pointer(losses_); }
  [[nodiscard]] std::int32_t* device_flags() const { return device_.pointer(flags_); }

  /// Enqueues the copies to the device; flags become -1.
  void upload(const Need& used, cudaStream_t stream) const;
  /// Enqueues the copies back.
  void download(const Need& used, cudaStream_t stream) const;

  // Host side, valid once the copies of download() are done.
  [[nodiscard]] std::span<const double> losses() const { return host_.span(losses_); }
  [[nodiscard]] std::span<const std::int32_t> flags() const { return host_.span(flags_); }

 private:
  ArenaLayout lay_out(const Need& need);
  void take(const ArenaLayout& layout, std::size_t room, Shortages* shortages);

  Arena host_, device_;  // of one layout
  Piece<std::uint32_t> rows_;
  Piece<core::StepConstants<float>> constants_;
  Piece<MemberTask> tasks_;
  Piece<float> constant_values_, features_, targets_, weights_;
  Piece<std::int32_t> labels_;
  Piece<double> losses_;
  Piece<std::int32_t> flags_;
};

}  // namespace slalom::cuda
