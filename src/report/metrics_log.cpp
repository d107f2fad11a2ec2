// SPDX-License-Identifier: Apache-2.0
// Writes one JSON line an epoch and flushes it, so that a run can be followed.
#include "report/metrics_log.hpp"

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "report/summary.hpp"

namespace slalom::report {

MetricsLog::MetricsLog(const std::string& path) : path_(path), file_(path, std::ios::trunc) {
  if (!file_) throw OutputError("--metrics: " + path + " cannot be created");
}

void MetricsLog::on_epoch(const EpochReport& r) {
  nlohmann::ordered_json line = {{"event", "epoch"},      {"member", r.member},
                                 {"epoch", r.epoch},      {"step", r.step},
                                 {"lr", r.learning_rate}, {"train_loss", r.train_loss},
                                 {"seconds", r.seconds},  {"samples_per_second", r.samples_per_second}};
  if (r.valid) line["valid"] = nlohmann::ordered_json::parse(metrics_json(*r.valid));
  file_ << line.dump() << '\n' << std::flush;
  if (!file_) throw OutputError("--metrics: " + path_ + " cannot be written (disk full?)", ExitCode::kIo);
}

}  // namespace slalom::report
