// SPDX-License-Identifier: Apache-2.0
// The flags with which training goes on from a trained model.
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/options.hpp"

namespace slalom::cli {
namespace {

/// Flags that say what the model already says.
constexpr const char* kOfTheModel[] = {"--init", "--init-scale", "--missing", "--max-categories", "--no-target-scale"};

bool is_given(const CLI::App& command, const std::string& flag) { return command.get_option(flag)->count() > 0; }

void refuse(const std::string& flag, const std::string& path) {
  throw UsageError(flag + ": found with --init-from, expected none: it is as in " + path);
}

}  // namespace

void add_continue_options(CLI::App& app, ContinueOptions& options) {
  const std::string group = "Continue";
  app.add_option("--init-from", options.model,
                 "Go on from this model file: its shape, columns, scaling and parameters; a drift report compares the "
                 "data with those of its training")
      ->group(group);
  app.add_flag("--refit-scaling", options.refit_scaling,
               "With --init-from: scale features and targets as the new data lie; the model's predictions stay")
      ->group(group);
  app.get_option("--target")->required(false);  // the model has one
}

void continue_from(TrainJob& job, const ContinueOptions& options, const CLI::App& command) {
  job.refit_scaling = options.refit_scaling;
  if (options.model.empty()) return;
  for (const char* flag : kOfTheModel) {
    if (is_given(command, flag)) refuse(flag, options.model);
  }
  if (is_given(command, "--scale") && !options.refit_scaling) refuse("--scale", options.model);
  const TrainJob given = job;
  start_from(job, std::make_shared<Model>(load_model(options.model)), options.model);
  // What is given stands, so that it is compared with the model's or, if it concerns training only, used.
  const auto restore = [&](const char* flag, auto& field, const auto& value) {
    if (is_given(command, flag)) field = value;
  };
  restore("--model", job.model.kind, given.model.kind);
  restore("--hidden", job.model.hidden, given.model.hidden);
  restore("--activation", job.model.activation, given.model.activation);
  restore("--batch-norm", job.model.batch_norm, given.model.batch_norm);
  restore("--dropout", job.model.dropout, given.model.dropout);
  restore("--loss", job.loss, given.loss);
  restore("--huber-delta", job.model.loss.huber_delta, given.model.loss.huber_delta);
  restore("--quantile", job.model.loss.quantile, given.model.loss.quantile);
  restore("--target", job.preprocess.targets, given.preprocess.targets);
}

}  // namespace slalom::cli
