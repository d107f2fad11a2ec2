// SPDX-License-Identifier: Apache-2.0
// slalom tune: which batch size and learning rate to use on this machine for this data.
#include <exception>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>
#include <slalom/tune.hpp>

#include "cli/command.hpp"
#include "cli/config_file.hpp"
#include "cli/config_writer.hpp"
#include "cli/enum_option.hpp"
#include "cli/options.hpp"
#include "cli/output_paths.hpp"
#include "cli/search_options.hpp"
#include "cli/settings.hpp"
#include "data/atomic_file.hpp"
#include "report/html/tune_page.hpp"
#include "report/metrics_log.hpp"
#include "report/run_record.hpp"
#include "report/tensorboard/tune_log.hpp"
#include "report/tune_entry.hpp"
#include "report/tune_progress.hpp"
#include "report/tune_report.hpp"

namespace slalom::cli {
namespace {

struct TuneOptions {
  TuneJob job;
  std::optional<LrRule> rule;
  std::string out_config, tensorboard, metrics, report, config;
  bool json = false, quiet = false;
};

/// The flags with which slalom train does what the recommended row did.
std::string recommended_config(const TuneResult& result, const TuneJob& job, const CLI::App& command,
                               const CLI::App& train) {
  const TuneRow& row = result.rows[static_cast<std::size_t>(*result.recommended)];
  const OptimizerConfig& optimizer = row.trial.optimizer;
  // --max-time limited the tuning, not the training.
  FlagValues flags = shared_flags(command, train,
                                  {"config", "color", "tensorboard", "metrics", "report", "json", "quiet", "help",
                                   "max-time", "batch-size", "lr", "optimizer", "l1", "l2", "device", "seed"});
  const auto add = [&](const char* name, const std::string& value) {
    flags.emplace_back(name, std::vector<std::string>{value});
  };
  add("optimizer", std::string(name_of(optimizer.kind)));
  add("lr", fmt::format("{}", optimizer.learning_rate));
  add("batch-size", row.trial.batch_size == 0 ? "all" : std::to_string(row.trial.batch_size));
  add("l1", fmt::format("{}", optimizer.l1));
  add("l2", fmt::format("{}", optimizer.l2));
  add("device", std::string(name_of(row.trial.device)));
  add("seed", std::to_string(job.train.trainer.seed));
  if (command.count("--patience") == 0 && command.count("--tol") == 0) {
    add("patience", std::to_string(job.train.trainer.epochs));  // never stops, but keeps the best epoch's parameters
  }
  std::vector<std::string> comments{"slalom tune recommends: " + result.reason};
  if (row.epochs_to_target) {
    comments.push_back(fmt::format("the target loss {:.6g} is reached after {:.3g} epochs", *result.target_loss,
                                   row.epochs_to_target->median));
  }
  return config_text(comments, flags);
}

/// What TensorBoard is told of all trials.
report::TuneLogOptions tune_log_options(const std::string& folder, const std::vector<Setting>& settings,
                                        const std::string& command_line) {
  return {.flag = "--tensorboard",
          .folder = folder,
          .texts = {{"command_line", command_line}, {"settings", settings_text(settings)}},
          .hyperparameters = hyperparameters(settings)};
}

void write_metrics(const std::string& path, const TuneResult& result, const report::RunHeader& header) {
  if (path.empty()) return;
  report::MetricsLog log(path);
  log.describe(header);
  log.finish(report::tune_entry(result));
}

void write_report(const std::string& path, const TuneResult& result, const report::RunHeader& header) {
  if (path.empty()) return;
  report::RunRecord record;
  record.name = path;
  record.add(report::run_entry(header));
  record.add(report::tune_entry(result));
  report::html::tune_page(record).write(path);
}

/// Keeps the first of several errors.
class FirstError {
 public:
  template <class Action>
  void catch_from(const Action& action) {
    try {
      action();
    } catch (const Error&) {
      if (!first_) first_ = std::current_exception();
    }
  }
  void rethrow() const {
    if (first_) std::rethrow_exception(first_);
  }

 private:
  std::exception_ptr first_;
};

void run_tune(TuneOptions& o, const CLI::App& command, const CLI::App& train, const std::string& command_line) {
  const bool rates_given = command.count("--lr") > 0 || command.count("--lrs") > 0;
  o.job.lr_rule = o.rule.value_or(rates_given ? LrRule::kNone : LrRule::kFind);
  if (o.job.lr_rule == LrRule::kFind && command.count("--lr") > 0) {
    throw UsageError("--lr and --lr-rule find: found both, expected one of them");
  }
  validate(o.job);
  require_own_files({{"--data", o.job.train.data},
                     {"--valid", o.job.train.valid},
                     {"--targets-file", o.job.train.read.targets_path},
                     {"--config", o.config}},
                    {{"--out-config", o.out_config}, {"--metrics", o.metrics}, {"--report", o.report}});
  require_writable({o.out_config, o.report});
  if (!o.metrics.empty()) report::MetricsLog writable(o.metrics);
  std::optional<report::TuneLog> log;
  if (!o.tensorboard.empty()) log.emplace(tune_log_options(o.tensorboard, settings_of(command), command_line));
  std::optional<report::TuneProgressPrinter> printer;
  TuneObserver silent;
  TuneObserver& observer = o.quiet ? silent : printer.emplace(stderr, style_of(stderr));
  const TuneResult result = tune(o.job, observer, &stop_requested);
  printer.reset();
  const report::RunHeader header{"tune", command_line, settings_of(command), {}};
  FirstError error;  // of outputs: each is written, whatever comes of the others
  error.catch_from([&] {
    if (log) log->write(result);
  });
  error.catch_from([&] {
    if (!o.out_config.empty() && result.recommended) {
      write_file(o.out_config, recommended_config(result, o.job, command, train));
    }
  });
  error.catch_from([&] { write_metrics(o.metrics, result, header); });
  error.catch_from([&] { write_report(o.report, result, header); });
  error.rethrow();
  if (!o.quiet) {
    print_notes(result.notes);
    for (const auto& [device, description] : result.devices) fmt::print("{}: {}\n", name_of(device), description);
    fmt::print("{} training rows, {} validation rows\n\n{}", result.train_rows, result.valid_rows,
               report::tune_table(result, style_of(stdout)));
    if (!o.out_config.empty() && result.recommended) {
      print_line(stdout, "configuration written: slalom train --config " + o.out_config);
    }
    if (!o.report.empty()) print_line(stdout, "report written to " + o.report);
  }
  if (o.json) print_json(report::tune_json(result));
  if (result.interrupted) {
    set_exit_status(static_cast<int>(ExitCode::kInterrupted));
  } else if (!result.recommended) {
    throw DataError("tune: " + result.reason);
  }
}

}  // namespace

void add_tune(CLI::App& app, const std::string& command_line) {
  auto o = std::make_shared<TuneOptions>();
  CLI::App* command = app.add_subcommand(
      "tune", "Find the batch size (and rate, optimizer, penalty) that reaches a loss soonest on this machine");
  TrainJob& job = o->job.train;
  add_data_options(*command, job);
  command->add_option("--out-config", o->out_config,
                      "Write the recommendation to this file: slalom train --config FILE");
  command->add_option("--metrics", o->metrics, "Write the result as JSON lines to this file (see 'slalom report')");
  command->add_option("--report", o->report, "Write a report, with charts, as one HTML page to this file");
  command->add_option("--tensorboard", o->tensorboard,
                      "Write event files for TensorBoard into this folder when all is done: a run for every trial");
  command->add_flag("--json", o->json, "Print one JSON object as the last line of stdout");
  command->add_flag("--quiet", o->quiet, "Print nothing but errors (and --json)");
  add_search_options(*command, o->job);
  add_enum_option<LrRule>(
      *command, "--lr-rule", [o](LrRule rule) { o->rule = rule; },
      "How the rate follows the batch size from --batch-size: none, sqrt, linear; find: a range test for each (see "
      "lr-find)",
      "find; none with --lr or --lrs")
      ->group("Search");
  add_preprocess_options(*command, job.preprocess, job.read);
  add_read_options(*command, job.read);
  add_model_options(*command, job);
  add_optimizer_options(*command, job.trainer.optimizer);
  add_schedule_options(*command, job.trainer.schedule);
  add_sampling_options(*command, job.trainer);
  add_run_options(*command, job.trainer);
  command->get_option("--batch-size")->description("Batch size that --lr and --lrs are meant for (--lr-rule)");
  command->get_option("--max-time")->description("Stop tuning after this many seconds; 0: no limit");
  command->get_option("--seed")->description("First seed; --repeats takes the next ones too");
  add_device_options(*command, {job.device, job.threads, job.precision});
  command->remove_option(command->get_option("--device"));  // --devices
  add_device_memory_option(*command, job.device_memory);
  add_config_option(*command, o->config);
  const CLI::App* train = app.get_subcommand("train");
  command->callback([o, command, train, command_line] { run_tune(*o, *command, *train, command_line); });
}

}  // namespace slalom::cli
