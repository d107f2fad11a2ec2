// SPDX-License-Identifier: Apache-2.0
// What slalom train writes about a run besides the model: metrics log, TensorBoard's files, report.
#pragma once

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include <slalom/job.hpp>

#include "report/member_names.hpp"
#include "report/metrics_log.hpp"
#include "report/run_record.hpp"
#include "report/setting.hpp"
#include "report/tensorboard/event_log.hpp"

namespace slalom::cli {

struct TrainLogPaths {
  std::string metrics, tensorboard, report;  ///< empty: not written
};

[[nodiscard]] report::MemberNames member_names(const TrainJob& job);

/// Opens what can be opened before the run, follows the run as observers, and writes the rest when it has ended.
class TrainLogs {
 public:
  /// `settings`: of the command. Throws OutputError for a path that cannot be written.
  TrainLogs(TrainLogPaths paths, const TrainJob& job, std::vector<report::Setting> settings,
            const std::string& command_line);

  [[nodiscard]] std::vector<Observer*> observers();
  /// The run gave a result. Throws OutputError for what cannot be written.
  void finish(const JobResult& result, const report::RunEnd& end);
  /// The run gave a result, and then failed, which end.error says. A note says what cannot be written: nothing is thrown, so
  /// that the first error is the one that is told.
  void finish_failed(const JobResult& result, const report::RunEnd& end) noexcept;
  /// The run failed and gave no result; likewise. Nothing is written of one that failed before an epoch was reported, unless
  /// it diverged.
  void fail(const std::exception& error) noexcept;

 private:
  void write_end(const nlohmann::ordered_json& entry);
  void write_report(const nlohmann::ordered_json& entry);

  TrainLogPaths paths_;
  std::optional<report::MetricsLog> metrics_;
  std::optional<report::EventLog> events_;
  std::optional<report::RunRecorder> recorder_;
};

}  // namespace slalom::cli
