// SPDX-License-Identifier: Apache-2.0
// A run for TensorBoard: scalars, texts and hyperparameters in event files (docs/reports.md).
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <slalom/trainer.hpp>

#include "report/member_names.hpp"
#include "report/tensorboard/event_file.hpp"
#include "report/tensorboard/hyper_parameters.hpp"

namespace slalom::report {

/// What is known before training.
struct EventLogOptions {
  std::string flag;  ///< that errors begin with
  std::string folder;
  MemberNames names;         ///< a member with a name has a folder of its own within `folder`: restart-2
  std::int64_t members = 1;  ///< > 0
  bool resume = false;       ///< earlier files stay, and stay valid but for what on_resume takes back
  std::vector<std::pair<std::string, std::string>> texts;  ///< tag, preformatted text
  HyperParameters hyperparameters;                         ///< name, value
};

/// Steps in the files are epochs. Every batch of events is handed to the operating system at once, so that a crash
/// leaves all whole epochs readable.
class EventLog : public Observer {
 public:
  /// Creates the folders and one file for every member, with texts and hyperparameters. Throws OutputError.
  explicit EventLog(const EventLogOptions& options);

  /// These throw OutputError (kIo) if an event cannot be written.
  void on_epoch(const EpochReport& report) override;
  void on_resume(std::int64_t member, std::int64_t epochs) override;
  void on_guard(const GuardEvent& guard) override;

  /// Ends the run of every member: it reached its end, or it failed. Not for a run that --resume may go on with:
  /// readers keep the first end that they see.
  void finish(bool success);

 private:
  std::vector<EventFile> files_;  ///< [member]
};

}  // namespace slalom::report
