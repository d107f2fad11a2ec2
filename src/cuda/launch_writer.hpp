// SPDX-License-Identifier: Apache-2.0
// Writes what a launch is told into its staging memory: tasks, constants, and row lists or rows.
#pragma once

#include <span>
#include <vector>

#include <slalom/backend.hpp>

#include "core/rules.hpp"
#include "cuda/engine.hpp"
#include "cuda/launch_cut.hpp"
#include "cuda/population.hpp"
#include "cuda/staging.hpp"

namespace slalom::cuda {

/// Where the inputs of launches come from.
struct LaunchSources {
  const Dataset& train;
  const DeviceData* resident = nullptr;  ///< train on the device; null: rows are streamed, that is staged themselves
  const Population& population;
  bool ordered_inputs = false;          ///< DeviceEngine::wants_ordered_inputs
  int threads = 1;                      ///< host threads that gather rows ...
  std::int64_t threads_from = 1 << 17;  ///< ... if they are at least so many bytes
};

class LaunchWriter {
 public:
  explicit LaunchWriter(const LaunchSources& sources) : from_(sources) {}

  /// For later launches: where the training data is on the device, or null.
  void read_from(const DeviceData* resident) { from_.resident = resident; }

  /// Costs of a row and a step for cut_into_launches.
  [[nodiscard]] LaunchBudget budget(std::int64_t bytes) const;

  /// What the inputs of any launch of blocks of such epochs take, cut by budget(bytes).
  [[nodiscard]] std::int64_t most_bytes(std::span<const EpochShape> epochs, std::int64_t bytes) const;

  /// The most that a launch can need.
  [[nodiscard]] Staging::Need need_of(const LaunchParts& parts) const;

  /// Fills the host side of `to`, one member after another, and moves the clocks by the steps; returns how much there
  /// is to upload.
  Staging::Need write(std::span<const StepBlock> blocks, const LaunchParts& parts, std::span<core::StepClock> clocks,
                      const Staging& to);

 private:
  void write_constants(std::span<const double> rates, core::StepClock& clock, const Staging& to, Staging::Need& at,
                       MemberTask& task);
  void write_rows(std::span<const std::uint32_t> rows, const Staging& to, const Staging::Need& at,
                  MemberTask& task) const;
  [[nodiscard]] OrderedTargets write_targets(std::span<const std::uint32_t> rows, const Staging& to,
                                             const Staging::Need& at) const;
  void add_rows(std::int64_t n, Staging::Need& need) const;
  [[nodiscard]] int threads_for(std::int64_t bytes) const { return bytes >= from_.threads_from ? from_.threads : 1; }

  LaunchSources from_;
  std::vector<core::StepConstants<float>> constants_;  ///< of one member's part
};

}  // namespace slalom::cuda
