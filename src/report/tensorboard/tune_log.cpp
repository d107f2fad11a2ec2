// SPDX-License-Identifier: Apache-2.0
// Turns the result of tuning into TensorBoard's events.
#include "report/tensorboard/tune_log.hpp"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "report/tensorboard/events.hpp"
#include "report/tune_report.hpp"

namespace slalom::report {
namespace {

namespace fs = std::filesystem;
namespace tb = slalom::tensorboard;

constexpr const char* kTrial = "trial-";

/// Numbers with as many digits as the last one has, so that names sort.
std::string numbered(std::size_t number, std::size_t last) {
  return fmt::format("{}{:0{}}", kTrial, number, std::to_string(last).size());
}

/// Folders of trials that an earlier run made: of their files only slalom's are taken away.
void clear_trials(const std::string& folder) {
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (!entry.is_directory() || !entry.path().filename().string().starts_with(kTrial)) continue;
    remove_event_files(entry.path());
  }
}

HyperParameters hyperparameters_of(const TuneLogOptions& options, const TuneRow& row, std::uint64_t seed) {
  const OptimizerConfig& optimizer = row.trial.optimizer;
  HyperParameters values = options.hyperparameters;
  const auto set = [&](const char* name, HyperParameter value) {
    std::erase_if(values, [&](const auto& known) { return known.first == name; });
    values.emplace_back(name, std::move(value));
  };
  set("device", std::string(name_of(row.trial.device)));
  set("batch-size", static_cast<double>(row.rows_per_step));
  set("optimizer", std::string(name_of(optimizer.kind)));
  set("lr", optimizer.learning_rate);
  set("l1", optimizer.l1);
  set("l2", optimizer.l2);
  set("seed", static_cast<double>(seed));
  return values;
}

/// The curve with the times that training alone would have taken, so that runs can be compared by time as well.
void add_curve(std::vector<tb::Event>& events, const TuneRow& row, const TrialRun& run, const char* tag) {
  const double begin = events.back().wall_time();
  for (std::size_t i = 0; i < run.curve.size(); ++i) {
    tb::Event event = event_at(static_cast<std::int64_t>(i) + 1);
    if (row.speed) event.set_wall_time(begin + static_cast<double>(i + 1) * row.speed->seconds_per_epoch);
    add_scalar(event, tag, run.curve[i].loss);
    events.push_back(std::move(event));
  }
}

void add_numbers(tb::Event& event, const TuneRow& row, bool recommended) {
  if (row.speed) {
    add_scalar(event, "samples_per_second", row.speed->samples_per_second);
    add_scalar(event, "seconds_per_epoch", row.speed->seconds_per_epoch);
    add_scalar(event, "memory_bytes", static_cast<double>(row.speed->memory_bytes));
  }
  if (row.epochs_to_target) add_scalar(event, "epochs_to_target", row.epochs_to_target->median);
  if (row.seconds_to_target) add_scalar(event, "seconds_to_target", row.seconds_to_target->median);
  add_scalar(event, "recommended", recommended ? 1.0 : 0.0);
}

}  // namespace

TuneLog::TuneLog(const TuneLogOptions& options) : options_(options), file_(options.flag, options.folder, false) {
  clear_trials(options.folder);
  std::vector<tb::Event> events{file_version(), run_begins_at(0)};
  for (const auto& [tag, text] : options.texts) {
    events.push_back(event_at(0));
    add_text(events.back(), tag, text);
  }
  append(file_, events);
}

void TuneLog::write(const TuneResult& result) {
  for (std::size_t i = 0; i < result.rows.size(); ++i) {
    const TuneRow& row = result.rows[i];
    const std::string trial = numbered(i + 1, result.rows.size());
    for (const TrialRun& run : row.runs) {
      const std::string name = row.runs.size() > 1 ? fmt::format("{}/seed-{}", trial, run.seed) : trial;
      EventFile file(options_.flag, options_.folder + "/" + name, false);
      std::vector<tb::Event> events{file_version(), run_begins_at(0),
                                    session_start(hyperparameters_of(options_, row, run.seed), trial)};
      add_curve(events, row, run, result.validated ? "valid/loss" : "train_loss");
      events.push_back(event_at(0));
      add_numbers(events.back(), row, result.recommended == static_cast<std::int64_t>(i));
      if (run.reason != StopReason::kInterrupted) events.push_back(session_end(run.reason != StopReason::kDiverged));
      append(file, events);
    }
  }
  tb::Event text = event_at(0);
  add_text(text, "recommendation", tune_table(result));
  append(file_, {text});
}

}  // namespace slalom::report
