// SPDX-License-Identifier: Apache-2.0
// Metrics as JSON lines: one object an epoch (docs/formats.md).
#pragma once

#include <fstream>
#include <string>

#include <slalom/trainer.hpp>

namespace slalom::report {

class MetricsLog : public Observer {
 public:
  /// Throws OutputError if the file cannot be created.
  explicit MetricsLog(const std::string& path);
  /// Throws OutputError (kIo) if a line cannot be written.
  void on_epoch(const EpochReport& report) override;

 private:
  std::string path_;
  std::ofstream file_;
};

}  // namespace slalom::report
