// SPDX-License-Identifier: Apache-2.0
// slalom report: a page from the metrics logs of runs that are over.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/command.hpp"
#include "cli/output_paths.hpp"
#include "data/atomic_file.hpp"
#include "report/html/run_page.hpp"
#include "report/html/tune_page.hpp"
#include "report/run_record.hpp"

namespace slalom::cli {
namespace {

constexpr std::size_t kMostRuns = 50;

struct ReportOptions {
  std::vector<std::string> logs;
  std::string out = "report.html";
  bool quiet = false;
};

report::html::Page page_of(const std::vector<report::RunRecord>& records) {
  if (records.size() == 1) {
    return records[0].is_tuning() ? report::html::tune_page(records[0]) : report::html::run_page(records[0]);
  }
  for (const report::RunRecord& record : records) {
    if (!record.is_tuning()) continue;
    throw DataError(record.name + ": found the log of a tuning, expected only logs of slalom train to compare");
  }
  return report::html::comparison_page(records);
}

void run_report(const ReportOptions& o) {
  if (o.logs.size() > kMostRuns) {
    throw UsageError(fmt::format("report: found {} logs, expected at most {}", o.logs.size(), kMostRuns));
  }
  std::vector<NamedFile> inputs;
  for (const std::string& log : o.logs) inputs.push_back({"logs", log});
  require_own_files(inputs, {{"--out", o.out}});
  AtomicFile file(o.out);
  std::vector<report::RunRecord> records;
  for (const std::string& log : o.logs) records.push_back(report::read_run_log(log));
  file.write(page_of(records).html());
  file.commit();
  if (!o.quiet) print_line(stdout, "report written to " + o.out);
}

}  // namespace

void add_report(CLI::App& app) {
  auto o = std::make_shared<ReportOptions>();
  CLI::App* command = app.add_subcommand(
      "report", "Write one HTML page with charts about a run, or about several side by side, from metrics logs");
  command->add_option("logs", o->logs, "Metrics log of slalom train or tune (--metrics); several are compared")
      ->required();
  command->add_option("--out", o->out, "Page to write")->capture_default_str();
  command->add_flag("--quiet", o->quiet, "Print nothing but errors");
  command->callback([o] { run_report(*o); });
}

}  // namespace slalom::cli
