// SPDX-License-Identifier: Apache-2.0
// Makes the entries of a metrics log.
#include "report/log_entries.hpp"

#include <ctime>
#include <optional>

#include <slalom/version.hpp>

#include "report/details_json.hpp"
#include "report/epoch_values.hpp"
#include "report/guard_text.hpp"
#include "report/json_number.hpp"
#include "report/machine.hpp"
#include "report/summary.hpp"

namespace slalom::report {
namespace {

using Json = nlohmann::ordered_json;

/// "2026-03-01T14:05:59Z"
std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

}  // namespace

Json run_entry(const RunHeader& header) {
  Json settings = Json::array();
  for (const Setting& setting : header.settings) {
    settings.push_back(
        {{"name", setting.name}, {"group", setting.group}, {"value", setting.value}, {"given", setting.given}});
  }
  Json machine = Json::object();
  for (const auto& [name, value] : machine_facts()) machine[name] = value;
  return {{"event", "run"},
          {"format", kLogFormat},
          {"slalom", kVersion},
          {"command", header.command},
          {"command_line", header.command_line},
          {"started", now_text()},
          {"member_noun", header.names.noun},
          {"first_member", header.names.first},
          {"machine", machine},
          {"settings", settings}};
}

Json resume_entry(std::int64_t member, std::int64_t epochs) {
  return {{"event", "resume"}, {"member", member}, {"epochs", epochs}};
}

Json epoch_entry(const EpochReport& report) {
  Json entry = {{"event", "epoch"}, {"member", report.member}, {"epoch", report.epoch}, {"step", report.step}};
  for (const auto& [name, value] : epoch_values(report)) entry[name] = json_number(value);
  if (report.device_memory_bytes) entry["device_memory_bytes"] = *report.device_memory_bytes;
  if (const std::optional<std::int64_t> bytes = resident_bytes()) entry["process_memory_bytes"] = *bytes;
  if (report.valid) entry["valid"] = Json::parse(metrics_json(*report.valid));
  return entry;
}

Json guard_entry(const GuardEvent& event) {
  Json entry = {{"event", "guard"}, {"member", event.member}};
  entry.update(guard_json(event));
  return entry;
}

Json result_entry(const JobResult& result, const RunEnd& end) {
  Json findings = Json::array();
  for (const Finding& finding : result.findings) {
    findings.push_back(
        {{"subject", finding.subject}, {"advice", finding.advice}, {"explanation", finding.explanation}});
  }
  Json entry = {{"event", "result"},
                {"interrupted", end.interrupted},
                {"divergence", result.divergence},
                {"device_description", result.device_description},
                {"device_reason", result.device_reason},
                {"bound", end.bound},
                {"chosen", result.chosen},
                {"loss", name_of(result.model.spec.loss.kind)},
                {"train_rows", result.train_rows},
                {"valid_rows", result.valid_rows},
                {"notes", result.notes},
                {"findings", findings},
                {"summary", Json::parse(summary_json(result, end.seed))},
                {"data", data_json(result)}};
  if (!end.error.empty()) entry["error"] = end.error;
  if (result.model.spec.is_linear()) entry["coefficients"] = coefficients_json(result.model);
  if (result.details) entry["predictions"] = predictions_json(*result.details);
  return entry;
}

Json failure_entry(const std::string& message) { return {{"event", "result"}, {"failure", message}}; }

}  // namespace slalom::report
