// SPDX-License-Identifier: Apache-2.0
// Keeps the device busy with launches: while one runs, the next is written and uploaded.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include <cuda_runtime_api.h>

#include <slalom/backend.hpp>

#include "core/rules.hpp"
#include "cuda/engine.hpp"
#include "cuda/handle.hpp"
#include "cuda/launch_cut.hpp"
#include "cuda/launch_writer.hpp"
#include "cuda/population.hpp"
#include "cuda/shortage.hpp"
#include "cuda/staging.hpp"

namespace slalom::cuda {

/// Memory for the launches that are written, uploaded or running at the same time.
struct PipelineMemory {
  int n_slots = 2;              ///< launches
  std::int64_t slot_bytes = 0;  ///< what a launch's inputs may take on either side; more is cut, but for a single step
  std::int64_t limit = 0;       ///< bytes that all slots and `kept` may not exceed, because the user said so; 0: none
  std::int64_t kept = 0;        ///< bytes of the limit that data takes which stays on the device
  Shortages* shortages = nullptr;  ///< told of what is done otherwise for want of memory
  /// Called where there is no memory for the inputs of a launch, while the device is idle. Gives something
  /// back, perhaps by use() or make_smaller(), and the launch is written again; or throws, if nothing is left to give.
  std::function<void(const OutOfMemory&)> make_room;
};

/// A ring of slots. A launch goes through one in three stages: the host writes its inputs to page-locked memory; the
/// copy stream carries them to the device; the compute stream, which waits for that by an event, runs the engine and
/// carries losses back. A slot is used again when the host has seen the event behind that.
class StepPipeline {
 public:
  StepPipeline(const LaunchSources& sources, const PipelineMemory& memory, Population& population, DeviceEngine& engine,
               cudaStream_t compute);

  /// Backend::reserve: while nothing runs, makes room for launches of such epochs in every slot and in the engine. What
  /// there is no memory for will be asked for again when it is needed.
  void reserve(std::span<const EpochShape> epochs);
  /// Backend::begin: enqueues as many launches as there are slots.
  void begin(std::span<const StepBlock> blocks);
  /// Backend::prefetch: from now on, writes and uploads launches into slots that `begin` has no use for.
  void prefetch(std::span<const StepBlock> blocks);
  void forget() noexcept;
  /// Backend::finish: enqueues and awaits the rest.
  [[nodiscard]] std::vector<BlockResult> finish();

  /// For later launches: so many bytes of the limit are taken by data.
  void keep_data(std::int64_t bytes) { memory_.kept = bytes; }

  /// While nothing runs: from now on rows are read from `resident`, or streamed if that is null, with `n_slots` slots
  /// (0: as many as there are) whose inputs take up to `slot_bytes`, without a limit on the whole.
  void use(const DeviceData* resident, int n_slots, std::int64_t slot_bytes);
  /// While nothing runs: gives the memory of all slots back; false if there is none. It comes again with the next launch.
  bool release();
  /// Launches take at most half of the memory from now on; false if they are of one step already.
  [[nodiscard]] bool make_smaller();
  /// Of device memory.
  [[nodiscard]] std::int64_t memory_bytes() const noexcept;

 private:
  struct Slot {
    Staging staging;
    Staging::Need used;
    bool taken_back = false;  ///< written, perhaps still on its way, and not needed
    Event uploaded = make_event();
    Event done = make_event();
  };
  /// What one call of begin() asks for, and how many of its launches got how far.
  struct Work {
    std::vector<StepBlock> blocks;
    std::vector<core::StepClock> start, clocks;  ///< by member: before the blocks, and behind what is written
    std::vector<LaunchParts> launches;
    std::size_t written = 0, launched = 0, done = 0;
  };

  [[nodiscard]] Work make_work(std::span<const StepBlock> blocks, std::vector<core::StepClock> clocks) const;
  [[nodiscard]] bool matches(const Work& work, std::span<const StepBlock> blocks) const;
  [[nodiscard]] std::int64_t slot_bytes() const;
  [[nodiscard]] bool has_free_slot() const { return n_written_ - n_done_ < slots_.size(); }
  void abandon();
  void write(Work& work);
  void write_now();
  void cut_again();
  void release_free_slots();
  void launch();
  void advance();
  void write_ahead();
  void collect(std::vector<BlockResult>& results);
  [[nodiscard]] Slot& slot(std::size_t launch) { return slots_[launch % slots_.size()]; }

  LaunchWriter writer_;
  PipelineMemory memory_;
  Population& population_;
  DeviceEngine& engine_;
  cudaStream_t compute_;
  Stream copy_ = make_stream();
  std::vector<Slot> slots_;
  std::vector<core::StepClock> clocks_before_;               ///< of the launch that is being written
  std::size_t n_written_ = 0, n_launched_ = 0, n_done_ = 0;  ///< launches ever: each uses the slot after the one before
  Piece<std::int32_t> stopped_;                              ///< by member, of the running block
  Arena arena_;
  Work now_;
  std::vector<StepBlock> hint_;
  std::optional<Work> next_;  ///< of the hint, once all of `now_` is written
};

}  // namespace slalom::cuda
