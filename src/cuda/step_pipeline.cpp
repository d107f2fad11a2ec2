// SPDX-License-Identifier: Apache-2.0
// Moves launches through the ring of slots.
#include "cuda/step_pipeline.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include <slalom/error.hpp>

#include "core/step_blocks.hpp"
#include "cuda/check.hpp"
#include "stop_flags.cuh"

namespace slalom::cuda {
namespace {

std::int64_t largest_batch(std::span<const StepBlock> blocks) {
  std::int64_t largest = 1;
  for (const StepBlock& block : blocks) {
    largest = std::max(largest, std::min(block.batch_size, static_cast<std::int64_t>(block.rows.size())));
  }
  return largest;
}

bool same(const core::StepClock& a, const core::StepClock& b) {
  return a.step() == b.step() && a.memory() == b.memory();
}

/// The same rows by address, which do not change in between, at the same rates by value.
bool same(const StepBlock& a, const StepBlock& b) {
  return a.rows.data() == b.rows.data() && a.rows.size() == b.rows.size() && a.batch_size == b.batch_size &&
         std::equal(a.learning_rates.begin(), a.learning_rates.end(), b.learning_rates.begin(), b.learning_rates.end());
}

}  // namespace

StepPipeline::StepPipeline(const LaunchSources& sources, const PipelineMemory& memory, Population& population,
                           DeviceEngine& engine, cudaStream_t compute)
    : writer_(sources),
      memory_(memory),
      population_(population),
      engine_(engine),
      compute_(compute),
      slots_(static_cast<std::size_t>(memory.n_slots)) {
  ArenaLayout layout;
  stopped_ = layout.add<std::int32_t>(population.size());
  arena_ = Arena(layout, MemoryKind::kDevice);
}

StepPipeline::Work StepPipeline::make_work(std::span<const StepBlock> blocks,
                                           std::vector<core::StepClock> clocks) const {
  const LaunchBudget budget = writer_.budget(slot_bytes());
  const std::int64_t least = memory_.n_slots * largest_step_bytes(blocks, budget) + memory_.kept;
  if (memory_.limit > 0 && least > memory_.limit) {
    throw UsageError("--device-memory: found " + std::to_string(memory_.limit) + " bytes, expected at least " +
                     std::to_string(least) + " for batches of " + std::to_string(largest_batch(blocks)) + " rows");
  }
  Work work{.blocks = {blocks.begin(), blocks.end()}, .start = clocks, .launches = cut_into_launches(blocks, budget)};
  work.clocks = std::move(clocks);
  return work;
}

/// Whether what was prepared as `work` is what `blocks` ask for now.
bool StepPipeline::matches(const Work& work, std::span<const StepBlock> blocks) const {
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    if (!same(work.blocks[m], blocks[m]) || !same(work.start[m], population_.clock(static_cast<std::int64_t>(m)))) {
      return false;
    }
  }
  return true;
}

std::int64_t StepPipeline::slot_bytes() const {
  if (memory_.limit == 0) return memory_.slot_bytes;
  return std::clamp<std::int64_t>((memory_.limit - memory_.kept) / memory_.n_slots, 1, memory_.slot_bytes);
}

void StepPipeline::reserve(std::span<const EpochShape> epochs) {
  std::vector<MemberTask> tasks(epochs.size());
  for (std::size_t m = 0; m < epochs.size(); ++m) {
    tasks[m].n_rows = epochs[m].n_rows;
    tasks[m].batch_size = epochs[m].batch_size;
    tasks[m].rule = population_.rule(static_cast<std::int64_t>(m));
  }
  const std::int64_t bytes = writer_.most_bytes(epochs, slot_bytes());
  try {
    engine_.reserve(tasks);
    for (Slot& each : slots_) each.staging.reserve(bytes, memory_.shortages);
  } catch (const OutOfMemory&) {
    release_free_slots();
  }
}

void StepPipeline::begin(std::span<const StepBlock> blocks) {
  core::check_blocks(blocks, population_.size());
  if (now_.done < now_.launches.size()) abandon();
  if (next_ && matches(*next_, blocks)) {
    now_ = std::move(*next_);
    now_.blocks.assign(blocks.begin(), blocks.end());
    next_.reset();
    hint_.clear();
  } else {
    forget();
    now_ = {};
    std::vector<core::StepClock> clocks;
    for (std::int64_t m = 0; m < population_.size(); ++m) clocks.push_back(population_.clock(m));
    now_ = make_work(blocks, std::move(clocks));
  }
  advance();
}

void StepPipeline::prefetch(std::span<const StepBlock> blocks) {
  core::check_blocks(blocks, population_.size());
  forget();
  hint_.assign(blocks.begin(), blocks.end());
  write_ahead();
}

void StepPipeline::forget() noexcept {
  hint_.clear();
  if (!next_) return;
  for (; next_->written > 0; --next_->written) slot(--n_written_).taken_back = true;
  next_.reset();
}

std::vector<BlockResult> StepPipeline::finish() {
  std::vector<BlockResult> results(now_.blocks.size());
  while (now_.done < now_.launches.size()) {
    collect(results);
    advance();
    write_ahead();
  }
  for (std::size_t m = 0; m < results.size(); ++m) {
    core::StepClock& clock = population_.clock(static_cast<std::int64_t>(m));
    const std::int64_t bad = results[m].first_non_finite;
    if (bad < 0) {
      clock = now_.clocks[m];
    } else {
      for (const double rate : now_.blocks[m].learning_rates.first(static_cast<std::size_t>(bad))) clock.advance(rate);
    }
  }
  return results;
}

/// Empties the ring after an error in the middle of a block.
void StepPipeline::abandon() {
  forget();
  now_ = {};
  SLALOM_CHECK(cudaStreamSynchronize(copy_.get()));
  SLALOM_CHECK(cudaStreamSynchronize(compute_));
  n_done_ = n_launched_ = n_written_;
}

/// Writes and uploads launches of the hint. It is only a hint: without memory for it, training goes on without it.
void StepPipeline::write_ahead() {
  if (hint_.empty() || now_.written < now_.launches.size()) return;
  try {
    if (!next_) next_ = make_work(hint_, now_.clocks);
    while (next_->written < next_->launches.size() && has_free_slot()) write(*next_);
  } catch (const OutOfMemory&) {
    forget();
  }
}

/// Writes and uploads every launch that finds a free slot, and enqueues it.
void StepPipeline::advance() {
  while (now_.launched < now_.launches.size()) {
    if (now_.launched == now_.written) {
      if (!has_free_slot()) return;
      write_now();
    }
    launch();
  }
}

/// Writes the next launch of now_, however little memory there is for it.
void StepPipeline::write_now() {
  while (true) {
    clocks_before_ = now_.clocks;
    try {
      return write(now_);
    } catch (const OutOfMemory& shortage) {
      now_.clocks = clocks_before_;
      SLALOM_CHECK(cudaStreamSynchronize(copy_.get()));
      SLALOM_CHECK(cudaStreamSynchronize(compute_));
      release_free_slots();
      if (!memory_.make_room) throw;
      memory_.make_room(shortage);
    }
  }
}

void StepPipeline::release_free_slots() {
  for (std::size_t launch = n_written_; launch < n_done_ + slots_.size(); ++launch) slot(launch).staging.release();
}

bool StepPipeline::release() {
  forget();
  if (n_done_ < n_written_) return false;  // an error has ended a block in the middle
  const bool held = memory_bytes() > static_cast<std::int64_t>(arena_.bytes());
  release_free_slots();
  return held;
}

void StepPipeline::use(const DeviceData* resident, int n_slots, std::int64_t slot_bytes) {
  forget();
  writer_.read_from(resident);
  memory_.slot_bytes = slot_bytes;
  memory_.limit = 0;
  if (n_slots > 0) {
    memory_.n_slots = n_slots;
    slots_ = std::vector<Slot>(static_cast<std::size_t>(n_slots));
    n_written_ = n_launched_ = n_done_ = 0;
  }
  cut_again();
}

bool StepPipeline::make_smaller() {
  forget();
  const LaunchBudget budget = writer_.budget(slot_bytes());
  if (now_.written < now_.launches.size()) {
    const LaunchParts& parts = now_.launches[now_.written];
    const auto n_members = std::count_if(parts.begin(), parts.end(), [](const LaunchPart& p) { return p.n_steps > 0; });
    const auto one_step = [](const LaunchPart& part) { return part.n_steps <= 1; };
    if (n_members <= 1 && std::all_of(parts.begin(), parts.end(), one_step)) return false;
    std::int64_t bytes = 0;
    for (const LaunchPart& part : parts) bytes += part.n_rows * budget.row_bytes + part.n_steps * budget.step_bytes;
    memory_.slot_bytes = std::max<std::int64_t>(1, std::min(slot_bytes(), bytes) / 2);
  }
  cut_again();
  return true;
}

/// Deals the steps of now_ that are not written yet to launches anew.
void StepPipeline::cut_again() {
  if (now_.written == now_.launches.size()) return;
  std::vector<std::int64_t> done(now_.blocks.size(), 0);
  for (std::size_t l = 0; l < now_.written; ++l) {
    for (std::size_t m = 0; m < done.size(); ++m) done[m] += now_.launches[l][m].n_steps;
  }
  now_.launches.resize(now_.written);
  const std::vector<LaunchParts> rest = cut_into_launches(now_.blocks, writer_.budget(slot_bytes()), std::move(done));
  now_.launches.insert(now_.launches.end(), rest.begin(), rest.end());
}

std::int64_t StepPipeline::memory_bytes() const noexcept {
  auto bytes = static_cast<std::int64_t>(arena_.bytes());
  for (const Slot& slot : slots_) bytes += slot.staging.memory_bytes();
  return bytes;
}

void StepPipeline::write(Work& work) {
  const LaunchParts& parts = work.launches[work.written];
  Slot& to = slot(n_written_);
  if (std::exchange(to.taken_back, false)) SLALOM_CHECK(cudaEventSynchronize(to.uploaded.get()));
  to.staging.make_room(writer_.need_of(parts), slot_bytes(), memory_.shortages);
  to.used = writer_.write(work.blocks, parts, work.clocks, to.staging);
  engine_.prepare(to.staging.tasks().first(parts.size()));
  to.staging.upload(to.used, copy_.get());
  SLALOM_CHECK(cudaEventRecord(to.uploaded.get(), copy_.get()));
  ++work.written;
  ++n_written_;
}

void StepPipeline::launch() {
  Slot& from = slot(n_launched_);
  const std::int64_t n_members = population_.size();
  std::int32_t* const stopped = arena_.pointer(stopped_);
  SLALOM_CHECK(cudaStreamWaitEvent(compute_, from.uploaded.get(), 0));
  if (now_.launched > 0) {
    launch_apply_stops({.stopped = stopped,
                        .n_members = n_members,
                        .tasks = from.staging.device_tasks(),
                        .flags = from.staging.device_flags()},
                       compute_);
  }
  engine_.run(from.staging.tasks().first(static_cast<std::size_t>(n_members)), from.staging.device_tasks(), compute_);
  if (now_.launched + 1 < now_.launches.size()) {
    launch_note_stops(
        {.flags = from.staging.device_flags(), .n_members = n_members, .first = now_.launched == 0, .stopped = stopped},
        compute_);
  }
  from.staging.download(from.used, compute_);
  SLALOM_CHECK(cudaEventRecord(from.done.get(), compute_));
  ++now_.launched;
  ++n_launched_;
}

/// Waits for the oldest launch and takes its losses and flags.
void StepPipeline::collect(std::vector<BlockResult>& results) {
  const Slot& from = slot(n_done_);
  SLALOM_CHECK(cudaEventSynchronize(from.done.get()));
  const LaunchParts& parts = now_.launches[now_.done];
  auto loss = from.staging.losses().begin();
  for (std::size_t m = 0; m < parts.size(); ++m) {
    const LaunchPart& part = parts[m];
    BlockResult& result = results[m];
    const std::int64_t flag = from.staging.flags()[m];
    if (result.first_non_finite < 0) {
      result.losses.insert(result.losses.end(), loss, loss + (flag >= 0 ? flag + 1 : part.n_steps));
      if (flag >= 0) result.first_non_finite = part.first_step + flag;
    }
    loss += part.n_steps;
  }
  ++now_.done;
  ++n_done_;
}

}  // namespace slalom::cuda
