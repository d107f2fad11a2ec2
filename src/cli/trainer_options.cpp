// SPDX-License-Identifier: Apache-2.0
// The flags of the optimiser, the schedule and the length of a run.
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/argument_checks.hpp"
#include "cli/enum_option.hpp"
#include "cli/options.hpp"

namespace slalom::cli {
namespace {

/// An option without a value of its own unless given, whose default depends on the optimiser.
CLI::Option* add_optional(CLI::App& app, const std::string& flag, std::optional<double>& target,
                          const std::string& help) {
  return app.add_option_function<double>(
      flag, [&target](double value) { target = value; }, help);
}

std::int64_t parse_batch_size(const std::string& text) {
  if (text == "all") return 0;
  const std::optional<std::int64_t> size = parse_whole(text);
  if (!size || *size < 1) throw UsageError("--batch-size: found '" + text + "', expected a number >= 1 or all");
  return *size;
}

}  // namespace

void add_optimizer_options(CLI::App& app, OptimizerConfig& o) {
  const std::string group = "Optimizer";
  add_enum_option(app, "--optimizer", o.kind, "Update rule")->group(group);
  add_enum_option(app, "--convention", o.convention, "Whose definition where PyTorch and Keras differ")->group(group);
  app.add_option("--lr", o.learning_rate, "Learning rate (> 0)")->capture_default_str()->group(group);
  add_optional(app, "--momentum", o.momentum, "momentum, nesterov (0.9), rmsprop (0): 0 <= m < 1")->group(group);
  app.add_option("--dampening", o.dampening, "momentum: share of the new gradient that is left out")
      ->capture_default_str()
      ->group(group);
  add_optional(app, "--beta1", o.beta1, "adam family, lion: decay of the first moment (0.9)")->group(group);
  add_optional(app, "--beta2", o.beta2, "adam family (0.999), lion (0.99): decay of the second moment")->group(group);
  add_optional(app, "--rho", o.rho, "rmsprop: decay of the mean square (0.99; keras 0.9)")->group(group);
  add_optional(app, "--epsilon", o.epsilon, "Added to denominators (1e-8; adagrad 1e-10; keras 1e-7)")->group(group);
  app.add_flag("--centered", o.centered, "rmsprop: divide by the standard deviation")->group(group);
  app.add_flag("--amsgrad", o.amsgrad, "adamw: keep the largest second moment")->group(group);
  app.add_option("--lr-decay", o.learning_rate_decay, "adagrad: lr / (1 + (step - 1) decay)")
      ->capture_default_str()
      ->group(group);
  add_optional(app, "--initial-accumulator", o.initial_accumulator, "adagrad: first sum of squares (0; keras 0.1)")
      ->group(group);
  app.add_option("--ftrl-beta", o.ftrl_beta, "ftrl: beta")->capture_default_str()->group(group);
  app.add_option("--average-start", o.average_start, "averaged-sgd: first step of the mean")
      ->capture_default_str()
      ->group(group);
  app.add_option("--weight-decay", o.weight_decay, "Decoupled for adamw and lion, else like --l2")
      ->capture_default_str()
      ->group(group);
  app.add_option("--l1", o.l1, "Lasso: adds l1 |w|, by proximal steps (exact zeros)")
      ->capture_default_str()
      ->group(group);
  app.add_option("--l2", o.l2, "Ridge: adds l2/2 |w|^2; never on biases")->capture_default_str()->group(group);
  app.add_option("--clip-norm", o.clip_norm, "Largest norm of the whole gradient; 0: off")
      ->capture_default_str()
      ->group(group);
  app.add_option("--clip-value", o.clip_value, "Largest size of a gradient element; 0: off")
      ->capture_default_str()
      ->group(group);
}

void add_schedule_options(CLI::App& app, ScheduleConfig& s) {
  const std::string group = "Schedule";
  add_enum_option(app, "--schedule", s.kind, "How the learning rate changes")->group(group);
  app.add_option("--warmup-steps", s.warmup_steps, "Steps of linear warm-up before the schedule")
      ->capture_default_str()
      ->group(group);
  app.add_option("--step-every", s.every, "step: steps between drops; 0: 30 % of the run")
      ->capture_default_str()
      ->group(group);
  app.add_option("--milestones", s.milestones, "multi-step: steps at which the rate drops")
      ->delimiter(',')
      ->group(group);
  app.add_option("--factor", s.factor, "step, multi-step, plateau: multiplier of a drop; exponential: of an epoch")
      ->capture_default_str()
      ->group(group);
  app.add_option("--power", s.power, "inverse-scaling: lr / (step + 1)^power")->capture_default_str()->group(group);
  app.add_option("--min-lr", s.min_learning_rate, "cosine, plateau: lowest rate")->capture_default_str()->group(group);
  app.add_option("--end-factor", s.end_factor, "linear: last rate over first")->capture_default_str()->group(group);
  app.add_option("--pct-start", s.pct_start, "one-cycle: share of the run with rising rate")
      ->capture_default_str()
      ->group(group);
  app.add_option("--div-factor", s.div_factor, "one-cycle: lr over the first rate")
      ->capture_default_str()
      ->group(group);
  app.add_option("--final-div-factor", s.final_div_factor, "one-cycle: first rate over the last")
      ->capture_default_str()
      ->group(group);
  app.add_option("--plateau-patience", s.plateau_patience, "plateau: epochs without progress before a drop")
      ->capture_default_str()
      ->group(group);
  app.add_option("--plateau-threshold", s.plateau_threshold, "plateau: relative progress that counts")
      ->capture_default_str()
      ->group(group);
  app.add_option("--plateau-cooldown", s.plateau_cooldown, "plateau: epochs to wait after a drop")
      ->capture_default_str()
      ->group(group);
}

void add_sampling_options(CLI::App& app, TrainerConfig& t) {
  const std::string group = "Run";
  app.add_option_function<std::string>(
         "--batch-size", [&t](const std::string& text) { t.batch_size = parse_batch_size(text); },
         "Rows a step; all: batch gradient descent, 1: stochastic")
      ->default_str("64")
      ->group(group);
  app.add_option("--seed", t.seed, "Seed of everything random")->capture_default_str()->group(group);
  app.add_flag_callback(
         "--no-shuffle", [&t] { t.shuffle = false; }, "Visit the rows in file order every epoch")
      ->group(group);
}

void add_run_options(CLI::App& app, TrainerConfig& t) {
  const std::string group = "Run";
  app.add_option("--epochs", t.epochs, "Passes over the training rows")->capture_default_str()->group(group);
  app.add_option("--max-steps", t.max_steps, "Stop after this many steps; 0: no limit")
      ->capture_default_str()
      ->group(group);
  app.add_option("--max-time", t.max_seconds, "Stop after this many seconds; 0: no limit")
      ->capture_default_str()
      ->group(group);
  app.add_option("--tol", t.tolerance, "Smallest decrease of the watched loss that counts as progress")
      ->capture_default_str()
      ->group(group);
  app.add_option("--patience", t.patience,
                 "Epochs without progress before stopping (0: never; 5 with --tol); the best parameters are kept")
      ->capture_default_str()
      ->group(group);
}

void add_guard_options(CLI::App& app, GuardConfig& g) {
  const std::string group = "Guard";
  app.add_flag_callback(
         "--no-guard", [&g] { g.on = false; }, "Let training that diverges end at once, with an error")
      ->group(group);
  app.add_option("--guard-factor", g.factor,
                 "After a divergence: back to the last good state, the rate multiplied by this (> 0, < 1)")
      ->capture_default_str()
      ->group(group);
  app.add_option("--guard-retries", g.retries, "How often; the next divergence ends the run on the last good state")
      ->capture_default_str()
      ->group(group);
}

}  // namespace slalom::cli
