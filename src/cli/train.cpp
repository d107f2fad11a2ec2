// SPDX-License-Identifier: Apache-2.0
// slalom train: from a file to a model.
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>
#include <slalom/job.hpp>

#include "cli/command.hpp"
#include "cli/config_file.hpp"
#include "cli/options.hpp"
#include "cli/output_paths.hpp"
#include "cli/settings.hpp"
#include "cli/train_logs.hpp"
#include "report/bound.hpp"
#include "report/drift_report.hpp"
#include "report/findings_text.hpp"
#include "report/progress.hpp"
#include "report/summary.hpp"

namespace slalom::cli {
namespace {

struct TrainOptions {
  TrainJob job;
  ContinueOptions start;
  std::string out, config;
  TrainLogPaths logs;
  bool json = false, quiet = false, explain = false;
  std::int64_t log_every = 0;  ///< 0: about ten lines a run
};

void run_train(TrainOptions& o, const CLI::App& command, const std::string& command_line) {
  continue_from(o.job, o.start, command);
  validate(o.job);
  if (o.log_every < 0) {
    throw UsageError("--log-every: found " + std::to_string(o.log_every) + ", expected a number of epochs >= 0");
  }
  require_own_files({{"--data", o.job.data},
                     {"--valid", o.job.valid},
                     {"--targets-file", o.job.read.targets_path},
                     {"--init-from", o.start.model},
                     {"--config", o.config}},
                    {{"--out", o.out}, {"--metrics", o.logs.metrics}, {"--report", o.logs.report}});
  require_writable({o.out});
  o.job.details = !o.logs.metrics.empty() || !o.logs.report.empty();
  TrainLogs logs(o.logs, o.job, settings_of(command), command_line);
  std::vector<Observer*> observers = logs.observers();
  std::optional<report::ProgressPrinter> progress;
  const std::int64_t every = o.log_every > 0 ? o.log_every : std::max<std::int64_t>(1, o.job.trainer.epochs / 10);
  if (!o.quiet) observers.push_back(&progress.emplace(stderr, style_of(stderr), every, member_names(o.job)));

  const JobResult result = [&] {
    try {
      return run_job(o.job, observers, &stop_requested);
    } catch (const std::exception& error) {
      logs.fail(error);
      throw;
    }
  }();
  std::string bound;
  if (!o.quiet || o.job.details) bound = report::describe_bound(result, report::measure_machine(result));
  report::RunEnd end{.seed = o.job.trainer.seed, .bound = bound, .interrupted = stop_requested};
  try {
    if (!o.out.empty()) save_model(result.model, o.out);
  } catch (const Error& error) {
    end.error = error.what();
    logs.finish_failed(result, end);
    throw;
  }
  if (!result.checkpoints.failure.empty()) {
    end.error = "--checkpoint-dir: the end of the run is not saved: " + result.checkpoints.failure;
  }
  logs.finish(result, end);
  if (!o.quiet) {
    const text::Style style = style_of(stdout);
    print_notes(result.notes);
    if (!result.device_reason.empty()) print_note("--device auto chose " + result.device_reason);
    if (result.drift) fmt::print("{}", report::drift_table(*result.drift, style));
    fmt::print("{}", report::summary_table(result, bound, style));
    if (!o.explain) fmt::print("{}", report::advice_lines(result.findings, style));
    if (!o.out.empty()) print_line(stdout, "model written to " + o.out);
    if (!o.logs.report.empty()) print_line(stdout, "report written to " + o.logs.report);
    if (o.explain) fmt::print("{}", report::explanation(result.findings, style));
    if (stop_requested && !result.checkpoints.last.empty()) {
      print_note(fmt::format("interrupted; {} is saved, and the same command with --resume goes on from there",
                             result.checkpoints.last));
    }
  }
  if (o.json) print_json(report::summary_json(result, o.job.trainer.seed));
  if (!result.checkpoints.failure.empty()) {  // last, so that nothing of the training is lost
    throw OutputError(end.error, ExitCode::kIo);
  }
  if (!result.divergence.empty()) {
    throw DivergenceError(result.divergence +
                          (o.out.empty() ? "" : fmt::format("\n  the last good state is in {}", o.out)));
  }
  if (stop_requested) set_exit_status(static_cast<int>(ExitCode::kInterrupted));
}

}  // namespace

void add_train(CLI::App& app, const std::string& command_line) {
  auto o = std::make_shared<TrainOptions>();
  CLI::App* command = app.add_subcommand("train", "Train a model on a table");
  add_data_options(*command, o->job);
  command->add_option("--out", o->out, "Model file to write (safetensors)");
  command->add_option("--metrics", o->logs.metrics,
                      "Write one JSON line an epoch to this file, and what came of the run (see 'slalom report')");
  command->add_option("--report", o->logs.report,
                      "Write a report of the run, with charts, as one HTML page to this file");
  command->add_option("--tensorboard", o->logs.tensorboard,
                      "Write event files for TensorBoard into this folder: curves, settings, hyperparameters");
  command->add_flag("--json", o->json, "Print one JSON object as the last line of stdout");
  command->add_flag("--explain", o->explain,
                    "Say at length what training showed: overshoot, plateaus, units that learn nothing");
  command->add_flag("--quiet", o->quiet, "Print nothing but errors (and --json)");
  command->add_option("--log-every", o->log_every, "Epochs between progress lines; 0: about ten lines a run")
      ->capture_default_str();
  command->add_option("--restarts", o->job.restarts, "Train from several starting points and keep the best")
      ->capture_default_str();
  command
      ->add_option("--folds", o->job.folds, "Cross-validate with this many folds, besides training on all rows; 0: off")
      ->capture_default_str();
  add_preprocess_options(*command, o->job.preprocess, o->job.read);
  add_read_options(*command, o->job.read);
  add_model_options(*command, o->job);
  add_continue_options(*command, o->start);
  add_optimizer_options(*command, o->job.trainer.optimizer);
  add_schedule_options(*command, o->job.trainer.schedule);
  add_sampling_options(*command, o->job.trainer);
  add_run_options(*command, o->job.trainer);
  add_checkpoint_options(*command, o->job.checkpoints);
  add_guard_options(*command, o->job.trainer.guard);
  add_device_options(*command, {o->job.device, o->job.threads, o->job.precision});
  add_device_memory_option(*command, o->job.device_memory);
  add_config_option(*command, o->config);
  command->callback([o, command, command_line] { run_train(*o, *command, command_line); });
}

}  // namespace slalom::cli
