// SPDX-License-Identifier: Apache-2.0
// Decides when to save a run, gathers its state, and puts it back.
#include "train/checkpointer.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include <slalom/error.hpp>

#include "core/host_memory.hpp"

namespace slalom::training {
namespace {

/// What `slot` holds; the member is afterwards as it was, in the state `current`.
MemberState export_snapshot(Backend& backend, std::int64_t member, SnapshotSlot slot, const MemberState& current) {
  backend.restore(member, slot);
  MemberState snapshot = backend.export_state(member);
  backend.import_state(member, current);
  return snapshot;
}

}  // namespace

Checkpointer::Checkpointer(const CheckpointOptions& options, Fingerprint run, std::span<Observer* const> observers)
    : options_(options), observers_(observers.begin(), observers.end()), folder_(options.folder) {
  state_.run = std::move(run);
  const std::vector<CheckpointFolder::Entry> entries = folder_.entries();
  if (!entries.empty() && !options.resume) {
    throw UsageError(
        fmt::format("--checkpoint-dir: found checkpoints of an earlier run in {} (the newest is {}); give "
                    "--resume to go on from there, or another folder to begin anew",
                    folder_.path(), entries.back().name));
  }
}

void Checkpointer::tell(const std::string& note) const {
  for (Observer* observer : observers_) observer->on_note(note);
}

void Checkpointer::on_epoch(const EpochReport& report) {
  const auto member = static_cast<std::size_t>(report.member);
  if (watched_.size() <= member) watched_.resize(member + 1, RunState::kNone);
  watched_[member] = report.valid ? report.valid->loss : report.train_loss;
}

Checkpointer::Mark Checkpointer::mark_of(std::span<const MemberRun> runs) {
  Mark mark;
  for (const MemberRun& run : runs) {
    mark.epochs = std::max(mark.epochs, run.epoch());
    mark.steps = std::max(mark.steps, run.step());
  }
  return mark;
}

bool Checkpointer::is_due(const Mark& now) const {
  const double count = options_.interval.count;
  switch (options_.interval.unit) {
    case CheckpointInterval::Unit::kEpochs: return static_cast<double>(now.epochs - last_.epochs) >= count;
    case CheckpointInterval::Unit::kSteps: return static_cast<double>(now.steps - last_.steps) >= count;
    case CheckpointInterval::Unit::kSeconds: break;
  }
  return std::chrono::duration<double>(now.time - last_.time).count() >= count;
}

void Checkpointer::after_block(Backend& backend, std::span<const MemberRun> runs, Guards guards, double seconds) {
  if (is_due(mark_of(runs))) save(backend, runs, guards, seconds);
}

void Checkpointer::finish(Backend& backend, std::span<const MemberRun> runs, Guards guards, double seconds) {
  const bool diverged = std::all_of(runs.begin(), runs.end(), [](const MemberRun& run) { return run.diverged(); });
  if (!diverged && !is_saved(runs)) save(backend, runs, guards, seconds);
}

bool Checkpointer::is_saved(std::span<const MemberRun> runs) const {
  return !report_.last.empty() &&
         std::equal(runs.begin(), runs.end(), state_.members.begin(), state_.members.end(),
                    [](const MemberRun& run, const SavedMember& saved) { return run.state() == saved.run; });
}

void Checkpointer::save(Backend& backend, std::span<const MemberRun> runs, Guards guards, double seconds) {
  last_ = mark_of(runs);
  is_whole_ = false;
  capture(backend, runs, guards);
  state_.seconds = seconds;
  is_whole_ = true;
  const std::string failure_before = report_.failure;
  write();
  if (!report_.failure.empty() && report_.failure != failure_before) {
    tell(fmt::format("{}; training goes on without a checkpoint", report_.failure));
  }
}

void Checkpointer::write() {
  const std::string name = CheckpointFolder::name_of(state_.steps());
  const double watched = state_.watched_loss();
  const bool best = watched < state_.best_watched_loss;
  try {
    core::name_shortage("writing ", folder_.path_of(name), [&] { write_checkpoint(state_, folder_.path_of(name)); });
  } catch (const Error& error) {
    report_.last.clear();
    report_.failure = error.what();
    return;
  }
  if (best) {
    state_.best_watched_loss = watched;
    state_.best_file = name;
  }
  report_.last = folder_.path_of(name);
  report_.failure.clear();
  folder_.prune(options_.keep, state_.best_file);
}

void Checkpointer::capture(Backend& backend, std::span<const MemberRun> runs, Guards guards) {
  state_.members.resize(runs.size());
  watched_.resize(runs.size(), RunState::kNone);
  for (std::size_t m = 0; m < runs.size(); ++m) {
    const auto member = static_cast<std::int64_t>(m);
    SavedMember& saved = state_.members[m];
    const RunState& now = runs[m].state();
    const bool same_best = now.best_epoch == saved.run.best_epoch && now.watched_loss == saved.run.watched_loss;
    saved.run = now;
    saved.epoch_losses = runs[m].epoch_losses();
    saved.last_watched_loss = watched_[m];
    saved.divergence = runs[m].divergence();
    saved.state = backend.export_state(member);
    if (guards[m]) guards[m]->export_good(saved.good, saved.state);
    if (!runs[m].keeps_best() || now.best_epoch == 0 || (saved.best && same_best)) continue;
    saved.best = export_snapshot(backend, member, SnapshotSlot::kBest, saved.state);
  }
}

std::string Checkpointer::after_failure(bool chosen) {
  if (is_whole_ && !report_.failure.empty()) write();
  std::vector<CheckpointFolder::Entry> entries;
  try {
    entries = folder_.entries();
  } catch (const Error& error) {  // which must not take the place of the one that ended the run
    return fmt::format("; {}", error.what());
  }
  if (entries.empty()) return "; no checkpoint had been written";
  const auto device =
      std::find_if(state_.run.begin(), state_.run.end(), [](const auto& entry) { return entry.first == "--device"; });
  return fmt::format("; {} is saved, and the same command with --resume{} goes on from there",
                     folder_.path_of(entries.back().name), chosen ? " --device " + device->second : "");
}

std::span<const GoodState> Checkpointer::good_states(std::size_t member) const {
  return member < state_.members.size() ? state_.members[member].good : std::span<const GoodState>{};
}

std::optional<Checkpoint> Checkpointer::newest() {
  std::vector<CheckpointFolder::Entry> entries = folder_.entries();
  const bool any = !entries.empty();
  for (; !entries.empty(); entries.pop_back()) {
    const std::string& name = entries.back().name;
    try {
      Checkpoint checkpoint = read_checkpoint(folder_.path_of(name));
      report_.resumed_from = folder_.path_of(name);
      return checkpoint;
    } catch (const DataError& error) {
      const std::string renamed = folder_.set_aside(name) ? fmt::format(" (now called {}.damaged)", name) : "";
      tell(fmt::format("{}{}; the checkpoint before it is used", error.what(), renamed));
    }
  }
  tell(fmt::format("--resume: {} holds no {}checkpoint; training starts at the beginning", folder_.path(),
                   any ? "good " : ""));
  return std::nullopt;
}

void Checkpointer::check_run(const Checkpoint& checkpoint) const {
  const std::string difference = first_difference(checkpoint.run, state_.run);
  if (difference.empty()) return;
  const std::string message = fmt::format("--resume: {} was made with other {}: {}", report_.resumed_from,
                                          difference.starts_with("--") ? "settings" : "data", difference);
  if (difference.starts_with("--")) throw UsageError(message);
  throw DataError(message);
}

double Checkpointer::resume(Backend& backend, std::span<MemberRun> runs) {
  if (options_.resume) {
    if (std::optional<Checkpoint> checkpoint = newest()) {
      check_run(*checkpoint);
      try {
        adopt(*std::move(checkpoint), backend, runs);
      } catch (const DataError& error) {
        throw DataError(fmt::format("{}: not a checkpoint of this run: {}", report_.resumed_from, error.what()));
      }
      const Mark at = mark_of(runs);
      tell(fmt::format("going on from {}: {} epochs and {} steps are done", report_.resumed_from, at.epochs, at.steps));
    }
    for (std::size_t m = 0; m < runs.size(); ++m) {
      for (Observer* observer : observers_) observer->on_resume(static_cast<std::int64_t>(m), runs[m].epoch());
    }
  }
  last_ = mark_of(runs);
  return state_.seconds;
}

void Checkpointer::adopt(Checkpoint checkpoint, Backend& backend, std::span<MemberRun> runs) {
  if (checkpoint.members.size() != runs.size()) {
    throw DataError(fmt::format("found {} members, expected {}", checkpoint.members.size(), runs.size()));
  }
  watched_.clear();
  for (std::size_t m = 0; m < runs.size(); ++m) {
    const auto member = static_cast<std::int64_t>(m);
    const SavedMember& saved = checkpoint.members[m];
    runs[m].resume(saved.run, saved.epoch_losses);
    if (!saved.divergence.empty()) runs[m].diverge(saved.divergence);
    if (runs[m].keeps_best() && saved.run.best_epoch > 0) {
      if (!saved.best) throw DataError("the best parameters are missing");
      backend.import_state(member, *saved.best);
      backend.save(member, SnapshotSlot::kBest);
    }
    for (const GoodState& good : saved.good) {  // the guard, which gets them, relies on their being right
      runs[m].check_earlier(good.run);
      backend.import_state(member, good.member);
    }
    backend.import_state(member, saved.state);
    watched_.push_back(saved.last_watched_loss);
  }
  state_ = std::move(checkpoint);
  report_.last = report_.resumed_from;
}

}  // namespace slalom::training
