// SPDX-License-Identifier: Apache-2.0
// Moves launches through the ring of slots.
#include "cuda/step_pipeline.hpp"

#include <algorithm>
#include <string>

#include <slalom/error.hpp>

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
  for (const StepBlock& block : blocks) {
    if (static_cast<std::int64_t>(block.learning_rates.size()) == steps_of(block)) continue;
    throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(block.learning_rates.size()) +
                                         " learning rates for " + std::to_string(steps_of(block)) + " steps");
  }
  const LaunchBudget budget = writer_.budget(memory_.slot_bytes);
  const std::int64_t least = largest_step_bytes(blocks, budget);
  if (memory_.slot_limit > 0 && least > memory_.slot_limit) {
    throw UsageError("--device-memory: found " + std::to_string(memory_.n_slots * memory_.slot_limit) +
                     " bytes, expected at least " + std::to_string(memory_.n_slots * least) + " for batches of " +
                     std::to_string(largest_batch(blocks)) + " rows");
  }
  Work work{.blocks = {blocks.begin(), blocks.end()}, .start = clocks, .launches = cut_into_launches(blocks, budget)};
  work.clocks = std::move(clocks);
  return work;
}

/// Whether `work`, of which some may be written already, is what `blocks` ask for now.
bool StepPipeline::is(const Work& work, std::span<const StepBlock> blocks) const {
  for (std::size_t m = 0; m < blocks.size(); ++m) {
    if (!same(work.blocks[m], blocks[m]) || !same(work.start[m], population_.clock(static_cast<std::int64_t>(m)))) {
      return false;
    }
  }
  return true;
}

void StepPipeline::begin(std::span<const StepBlock> blocks) {
  if (static_cast<std::int64_t>(blocks.size()) != population_.size()) {
    throw Error(ExitCode::kSoftware, "internal error: " + std::to_string(blocks.size()) + " blocks for " +
                                         std::to_string(population_.size()) + " members");
  }
  if (next_ && is(*next_, blocks)) {
    now_ = std::move(*next_);
    now_.blocks.assign(blocks.begin(), blocks.end());
  } else {
    if (next_) discard(*next_);
    std::vector<core::StepClock> clocks;
    for (std::int64_t m = 0; m < population_.size(); ++m) clocks.push_back(population_.clock(m));
    now_ = make_work(blocks, std::move(clocks));
  }
  next_.reset();
  engine_.reserve(largest_batch(blocks));
  advance();
}

void StepPipeline::prefetch(std::span<const StepBlock> blocks) {
  if (now_.written < now_.launches.size()) return;  // its own launches need the slots
  next_ = make_work(blocks, now_.clocks);
  while (next_->written < next_->launches.size() && n_written_ - n_done_ < slots_.size()) write(*next_);
}

std::vector<BlockResult> StepPipeline::finish() {
  std::vector<BlockResult> results(now_.blocks.size());
  while (now_.done < now_.launches.size()) {
    collect(results);
    advance();
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

/// Takes back what was written for blocks that will not run.
void StepPipeline::discard(Work& work) {
  SLALOM_CHECK(cudaStreamSynchronize(copy_.get()));
  n_written_ -= work.written;
  work.written = 0;
}

/// Writes and uploads every launch that finds a free slot, and enqueues it.
void StepPipeline::advance() {
  while (now_.launched < now_.launches.size()) {
    if (now_.launched == now_.written) {
      if (n_written_ - n_done_ == slots_.size()) return;
      write(now_);
    }
    launch();
  }
}

void StepPipeline::write(Work& work) {
  const LaunchParts& parts = work.launches[work.written];
  Slot& to = slot(n_written_);
  to.staging.reserve(writer_.need_of(parts), memory_.slot_bytes);
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
