// SPDX-License-Identifier: Apache-2.0
// slalom lr-find: a learning-rate range test on the user's data.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>
#include <slalom/lr_find.hpp>

#include "cli/command.hpp"
#include "cli/config_file.hpp"
#include "cli/options.hpp"
#include "cli/output_paths.hpp"
#include "data/atomic_file.hpp"
#include "report/lr_find_report.hpp"

namespace slalom::cli {
namespace {

struct LrFindOptions {
  TrainJob job;
  RangeTestConfig test;
  std::string csv, config;
  bool json = false, quiet = false;
};

void run_lr_find(const LrFindOptions& o) {
  validate(o.job);
  validate(o.test);
  require_own_files({{"--data", o.job.data},
                     {"--valid", o.job.valid},
                     {"--targets-file", o.job.read.targets_path},
                     {"--config", o.config}},
                    {{"--csv", o.csv}});
  require_writable({o.csv});
  const LrFindResult result = find_learning_rate(o.job, o.test, &stop_requested);
  if (!o.csv.empty()) write_file(o.csv, report::lr_find_csv(result));
  if (!o.quiet) {
    print_notes(result.notes);
    if (!result.device_reason.empty()) print_note("--device auto chose " + result.device_reason);
    fmt::print("{}", report::lr_find_table(result, style_of(stdout)));
  }
  if (o.json) print_json(report::lr_find_json(result));
  if (result.interrupted) {
    set_exit_status(static_cast<int>(ExitCode::kInterrupted));
  } else if (!result.finding.suggested) {
    throw DataError("lr-find: " + result.finding.reason);
  }
}

}  // namespace

void add_lr_find(CLI::App& app) {
  auto o = std::make_shared<LrFindOptions>();
  CLI::App* command = app.add_subcommand("lr-find", "Find a learning rate by a short training with a rising rate");
  add_data_options(*command, o->job);
  command->add_option("--min-lr", o->test.min_rate, "First rate of the ramp (> 0)")->capture_default_str();
  command->add_option("--max-lr", o->test.max_rate, "Last rate of the ramp (at least 10 times --min-lr)")
      ->capture_default_str();
  command->add_option("--steps", o->test.steps, "Steps of the ramp (30 to 100000)")->capture_default_str();
  command->add_option("--repeats", o->test.repeats, "Runs with seeds of their own whose losses are averaged (1 to 100)")
      ->capture_default_str();
  command->add_option("--csv", o->csv, "Write the curve to this file: learning_rate,loss,smoothed_loss");
  command->add_flag("--json", o->json, "Print one JSON object, with the curve, as the last line of stdout");
  command->add_flag("--quiet", o->quiet, "Print nothing but errors (and --json)");
  add_preprocess_options(*command, o->job.preprocess, o->job.read);
  add_read_options(*command, o->job.read);
  add_model_options(*command, o->job);
  add_optimizer_options(*command, o->job.trainer.optimizer);
  command->remove_option(command->get_option("--lr"));  // the ramp sets it
  add_sampling_options(*command, o->job.trainer);
  add_device_options(*command, {o->job.device, o->job.threads, o->job.precision});
  add_device_memory_option(*command, o->job.device_memory);
  add_config_option(*command, o->config);
  command->callback([o] { run_lr_find(*o); });
}

}  // namespace slalom::cli
