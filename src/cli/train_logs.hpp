// SPDX-License-Identifier: Apache-2.0
// What slalom train writes about a run besides the model: metrics log, TensorBoard's files, report.
#pragma once

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
  /// The run gave a result.
  void finish(const JobResult& result, const report::RunEnd& end);
  /// Training diverged and gave none.
  void fail(const std::string& message);

 private:
  void write_end(const nlohmann::ordered_json& entry);

  TrainLogPaths paths_;
  std::optional<report::MetricsLog> metrics_;
  std::optional<report::EventLog> events_;
  std::optional<report::RunRecorder> recorder_;
};

}  // namespace slalom::cli
