// SPDX-License-Identifier: Apache-2.0
// Metrics as JSON lines: what a run is, its epochs, acts of the guard, and what came of it (docs/formats.md).
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <slalom/trainer.hpp>

#include "report/log_entries.hpp"

namespace slalom::report {

class MetricsLog : public Observer {
 public:
  /// `append`: what is in the file stays, but for what on_resume takes out of it. Throws OutputError if the file cannot
  /// be created.
  explicit MetricsLog(const std::string& path, bool append = false);
  /// What stands before the first line of this process.
  void describe(const RunHeader& header) { header_ = run_entry(header); }
  /// Whether this process wrote a line.
  [[nodiscard]] bool has_written() const noexcept { return header_.is_null(); }
  /// The last line, as log_entries.hpp makes it.
  void finish(const nlohmann::ordered_json& entry) { write(entry); }
  /// This and the others throw OutputError (kIo) if a line cannot be written.
  void on_epoch(const EpochReport& report) override;
  /// Removes the lines of this member's later epochs, what came of the run before, and lines that were not written to
  /// their end.
  void on_resume(std::int64_t member, std::int64_t epochs) override;
  void on_guard(const GuardEvent& event) override;

 private:
  void write(const nlohmann::ordered_json& entry);
  void write_line(const nlohmann::ordered_json& entry);

  std::string path_;
  std::ofstream file_;
  nlohmann::ordered_json header_;                ///< not yet written; null: nothing to write
  std::vector<nlohmann::ordered_json> resumed_;  ///< to be written with it
};

}  // namespace slalom::report
