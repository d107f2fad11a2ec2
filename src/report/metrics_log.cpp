// SPDX-License-Identifier: Apache-2.0
// Writes JSON lines and flushes each, so that a run can be followed.
#include "report/metrics_log.hpp"

#include <filesystem>

#include <nlohmann/json.hpp>

#include <slalom/error.hpp>

#include "data/atomic_file.hpp"

namespace slalom::report {

namespace {

using Json = nlohmann::ordered_json;

/// Whether the line is one that stays when `member` goes on after `epochs`.
bool stays(const std::string& text, std::int64_t member, std::int64_t epochs) {
  const nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
  const auto number = [&](const char* name) {
    return line.is_object() && line.contains(name) && line[name].is_number_integer() ? line[name].get<std::int64_t>()
                                                                                     : -1;
  };
  const auto is = [&](const char* event) { return line.is_object() && line.value("event", nlohmann::json()) == event; };
  if (is("run") || is("resume")) return true;
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
  if (!header_.is_null()) resumed_.push_back(resume_entry(member, epochs));
}

void MetricsLog::on_epoch(const EpochReport& report) { write(epoch_entry(report)); }

void MetricsLog::on_guard(const GuardEvent& event) { write(guard_entry(event)); }

/// The first line comes with the first epoch: until then there is nothing that could be followed.
void MetricsLog::write(const Json& entry) {
  if (!header_.is_null()) write_line(header_);
  header_ = nullptr;
  for (const Json& resumed : resumed_) write_line(resumed);
  resumed_.clear();
  write_line(entry);
}

void MetricsLog::write_line(const Json& entry) {
  file_ << entry.dump(-1, ' ', false, Json::error_handler_t::replace) << '\n' << std::flush;
  if (!file_) throw OutputError("--metrics: " + path_ + " cannot be written (disk full?)", ExitCode::kIo);
}

}  // namespace slalom::report
