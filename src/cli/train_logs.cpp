// SPDX-License-Identifier: Apache-2.0
// Opens, feeds and ends the logs of a training run.
#include "cli/train_logs.hpp"

#include <filesystem>
#include <utility>

#include "cli/output_paths.hpp"
#include "cli/settings.hpp"
#include "report/html/run_page.hpp"

namespace slalom::cli {
namespace {

/// What TensorBoard is told of a run that `settings` describe.
report::EventLogOptions event_log_options(const std::string& folder, const TrainJob& job,
                                          const std::vector<Setting>& settings, const std::string& command_line) {
  return {.flag = "--tensorboard",
          .folder = folder,
          .names = member_names(job),
          .members = job.folds > 0 ? 1 + job.folds : job.restarts,
          .resume = job.checkpoints.resume,
          .texts = {{"command_line", command_line}, {"settings", settings_text(settings)}},
          .hyperparameters = hyperparameters(settings)};
}

}  // namespace

report::MemberNames member_names(const TrainJob& job) {
  if (job.folds > 0) return {"fold", 0};
  return job.restarts > 1 ? report::MemberNames{"restart", 1} : report::MemberNames{};
}

TrainLogs::TrainLogs(TrainLogPaths paths, const TrainJob& job, std::vector<Setting> settings,
                     const std::string& command_line)
    : paths_(std::move(paths)) {
  if (job.start != nullptr) {  // whose model and columns stand where flags were not given
    std::erase_if(settings, [](const Setting& s) { return !s.given && (s.group == "Model" || s.group == "Columns"); });
  }
  const report::RunHeader header{"train", command_line, settings, member_names(job)};
  require_writable({paths_.report});
  if (!paths_.report.empty()) recorder_.emplace(header);
  if (!paths_.metrics.empty()) metrics_.emplace(paths_.metrics, job.checkpoints.resume).describe(header);
  if (!paths_.tensorboard.empty()) {
    events_.emplace(event_log_options(paths_.tensorboard, job, settings, command_line));
  }
}

std::vector<Observer*> TrainLogs::observers() {
  std::vector<Observer*> all;
  if (metrics_) all.push_back(&*metrics_);
  if (events_) all.push_back(&*events_);
  if (recorder_) all.push_back(&*recorder_);
  return all;
}

void TrainLogs::finish(const JobResult& result, const report::RunEnd& end) {
  if (events_ && !end.interrupted) events_->finish(result.divergence.empty());
  if (metrics_ || recorder_) write_end(report::result_entry(result, end));
}

void TrainLogs::fail(const std::string& message) {
  if (events_) events_->finish(false);
  write_end(report::failure_entry(message));
}

void TrainLogs::write_end(const nlohmann::ordered_json& entry) {
  if (metrics_) metrics_->finish(entry);
  if (!recorder_) return;
  recorder_->record.add(entry);
  // The log may have what came before --resume, and the report is then what slalom report would make of it.
  const bool from_log = metrics_ && std::filesystem::is_regular_file(paths_.metrics);
  report::RunRecord record = from_log ? report::read_run_log(paths_.metrics) : std::move(recorder_->record);
  record.name = paths_.report;
  report::html::run_page(record).write(paths_.report);
}

}  // namespace slalom::cli
