// SPDX-License-Identifier: Apache-2.0
// Writes one JSON line an epoch and flushes it, so that a run can be followed.
#include "report/metrics_log.hpp"

#include <filesystem>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "data/atomic_file.hpp"
#include "report/epoch_values.hpp"
#include "report/guard_text.hpp"
#include "report/json_number.hpp"
#include "report/summary.hpp"

namespace slalom::report {

namespace {

/// Whether the line is that of an epoch which stays when `member` goes on after `epochs`.
bool stays(const std::string& text, std::int64_t member, std::int64_t epochs) {
  const nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
  const auto number = [&](const char* name) {
    return line.is_object() && line.contains(name) && line[name].is_number_integer() ? line[name].get<std::int64_t>()
                                                                                     : -1;
  };
  if (number("member") < 0 || number("epoch") < 0) return false;
  return number("member") != member || number("epoch") <= epochs;
}

}  // namespace

MetricsLog::MetricsLog(const std::string& path, bool append)
    : path_(path), file_(path, append ? std::ios::app : std::ios::trunc) {
  if (!file_) throw OutputError("--metrics: " + path + " cannot be created");
}

void MetricsLog::on_resume(std::int64_t member, std::int64_t epochs) {
  if (!std::filesystem::is_regular_file(path_)) return;
  std::string kept;
  {
    std::ifstream written(path_);
    for (std::string line; std::getline(written, line);) {
      if (!written.eof() && stays(line, member, epochs)) kept.append(line).append(1, '\n');
    }
  }
  AtomicFile shorter(path_);
  shorter.write(kept);
  shorter.commit();
  file_.close();
  file_.open(path_, std::ios::app);
  if (!file_) throw OutputError("--metrics: " + path_ + " cannot be opened again");
}

void MetricsLog::on_epoch(const EpochReport& r) {
  nlohmann::ordered_json line = {{"event", "epoch"}, {"member", r.member}, {"epoch", r.epoch}, {"step", r.step}};
  for (const auto& [name, value] : epoch_values(r)) line[name] = json_number(value);
  if (r.valid) line["valid"] = nlohmann::ordered_json::parse(metrics_json(*r.valid));
  write(line);
}

void MetricsLog::on_guard(const GuardEvent& event) {
  nlohmann::ordered_json line = {{"event", "guard"}, {"member", event.member}};
  line.update(guard_json(event));
  write(line);
}

void MetricsLog::write(const nlohmann::ordered_json& line) {
  file_ << line.dump() << '\n' << std::flush;
  if (!file_) throw OutputError("--metrics: " + path_ + " cannot be written (disk full?)", ExitCode::kIo);
}

}  // namespace slalom::report
