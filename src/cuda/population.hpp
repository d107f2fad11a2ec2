// SPDX-License-Identifier: Apache-2.0
// Parameters, optimiser states and snapshots of all members in device memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <cuda_runtime_api.h>

#include <slalom/backend.hpp>
#include <slalom/model.hpp>

#include "core/rules.hpp"
#include "cuda/arena.hpp"
#include "cuda/snapshots.hpp"
#include "member_task.hpp"

namespace slalom::cuda {

/// What the device keeps of the population, and its exchange with the host. Calls enqueue on the stream given at
/// construction; those that return values wait for it.
class Population {
 public:
  /// Parameters are zero, states fresh. `shortages`: told if snapshots do not fit the device.
  Population(const ParameterLayout& layout, std::span<const MemberConfig> members, cudaStream_t stream,
             Shortages* shortages = nullptr);

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(members_.size()); }
  [[nodiscard]] const MemberConfig& config(std::int64_t member) const { return at(member).config; }
  [[nodiscard]] const core::StepClock& clock(std::int64_t member) const { return at(member).clock; }
  [[nodiscard]] core::StepClock& clock(std::int64_t member) {
    return members_.at(static_cast<std::size_t>(member)).clock;
  }
  [[nodiscard]] DeviceRule rule(std::int64_t member) const;
  [[nodiscard]] float* parameters(std::int64_t member) const;
  [[nodiscard]] float* state(std::int64_t member) const;

  /// The arena that prediction uses: the parameters, or for averaged SGD their mean put together in scratch memory.
  [[nodiscard]] const float* evaluation_parameters(std::int64_t member);
  [[nodiscard]] std::vector<double> download_evaluation_parameters(std::int64_t member);

  [[nodiscard]] MemberState export_state(std::int64_t member) const;
  /// An empty optimizer_state means a fresh start. Throws DataError if the sizes do not fit.
  void import_state(std::int64_t index, const MemberState& state);

  void save(std::int64_t index, SnapshotSlot slot);
  void restore(std::int64_t index, SnapshotSlot slot);

  /// Of device memory.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept {
    return static_cast<std::int64_t>(arena_.bytes()) + snapshots_->memory_bytes();
  }

 private:
  struct Member {
    MemberConfig config;
    core::RuleSettings settings;
    core::StepClock clock;
    Piece<float> values;  ///< the parameter arena, then the state slots: one piece, so that a snapshot is one copy
    std::array<std::optional<core::StepClock>, kSnapshotSlots> snapshot_clocks;
  };

  [[nodiscard]] const Member& at(std::int64_t member) const { return members_.at(static_cast<std::size_t>(member)); }
  [[nodiscard]] std::int64_t n_state(const Member& member) const { return member.settings.n_slots * n_trainable_; }
  void clear(Piece<float> piece) const;
  void copy(const float* from, float* to, std::size_t count) const;
  [[nodiscard]] std::vector<double> download(const float* from, std::int64_t count) const;

  std::int64_t n_total_;
  std::int64_t n_trainable_;
  cudaStream_t stream_;
  std::vector<Member> members_;
  Piece<float> evaluation_;
  Arena arena_;
  std::optional<Snapshots> snapshots_;
};

}  // namespace slalom::cuda
