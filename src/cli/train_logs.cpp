// SPDX-License-Identifier: Apache-2.0
// Opens, feeds and ends the logs of a training run.
#include "cli/train_logs.hpp"

#include <exception>
#include <filesystem>
#include <new>
#include <string_view>
#include <utility>

#include <slalom/error.hpp>

#include "cli/command.hpp"
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

/// Does what must not hide an earlier error: its own is a note, if it is another one.
template <class Action>
void attempt(const std::string_view earlier, const Action& action) noexcept {
  try {
    try {
      action();
    } catch (const Error& error) {
      if (error.what() != earlier) print_note(error.what());
    }
  } catch (...) {  // no memory for the note either
  }
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

/// The recorder comes first: it has the epoch whose line cannot be written.
std::vector<Observer*> TrainLogs::observers() {
  std::vector<Observer*> all;
  if (recorder_) all.push_back(&*recorder_);
  if (metrics_) all.push_back(&*metrics_);
  if (events_) all.push_back(&*events_);
  return all;
}

void TrainLogs::finish(const JobResult& result, const report::RunEnd& end) {
  if (events_ && !end.interrupted) events_->finish(result.divergence.empty());
  if (metrics_ || recorder_) write_end(report::result_entry(result, end));
}

void TrainLogs::finish_failed(const JobResult& result, const report::RunEnd& end) noexcept {
  attempt(end.error, [&] { finish(result, end); });
}

void TrainLogs::fail(const std::exception& error) noexcept {
  const bool diverged = dynamic_cast<const DivergenceError*>(&error) != nullptr;
  const bool begun = (metrics_ && metrics_->has_written()) || (recorder_ && !recorder_->record.members.empty());
  if (!diverged && !begun) return;
  attempt(error.what(), [&] {
    if (events_ && diverged) events_->finish(false);  // another failure may be mended, and --resume go on
  });
  attempt(error.what(), [&] {
    const bool memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
    write_end(report::failure_entry(memory ? "out of memory" : error.what()));
  });
}

void TrainLogs::write_end(const nlohmann::ordered_json& entry) {
  std::exception_ptr failure;
  try {
    if (metrics_) metrics_->finish(entry);
  } catch (const OutputError&) {
    failure = std::current_exception();
  }
  if (recorder_) write_report(entry);
  if (failure) std::rethrow_exception(failure);
}

void TrainLogs::write_report(const nlohmann::ordered_json& entry) {
  recorder_->record.add(entry);
  report::RunRecord record = std::move(recorder_->record);
  // The log may have what came before --resume, and the report is then what slalom report would make of it.
  if (metrics_ && std::filesystem::is_regular_file(paths_.metrics)) {
    report::RunRecord logged = report::read_run_log(paths_.metrics);
    if (!logged.result.is_null()) record = std::move(logged);
  }
  record.name = paths_.report;
  report::html::run_page(record).write(paths_.report);
}

}  // namespace slalom::cli
