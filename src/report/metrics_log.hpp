// SPDX-License-Identifier: Apache-2.0
// Metrics as JSON lines: one object an epoch and an act of the guard (docs/formats.md).
#pragma once

#include <fstream>
#include <string>

#include <nlohmann/json.hpp>

#include <slalom/trainer.hpp>

namespace slalom::report {

class MetricsLog : public Observer {
 public:
  /// `append`: what is in the file stays, but for what on_resume takes out of it. Throws OutputError if the file cannot
  /// be created.
  explicit MetricsLog(const std::string& path, bool append = false);
  /// Throws OutputError (kIo) if a line cannot be written.
  void on_epoch(const EpochReport& report) override;
  /// Removes the lines of this member's later epochs, and lines that were not written to their end.
  void on_resume(std::int64_t member, std::int64_t epochs) override;
  void on_guard(const GuardEvent& event) override;

 private:
  void write(const nlohmann::ordered_json& line);

  std::string path_;
  std::ofstream file_;
};

}  // namespace slalom::report
