// SPDX-License-Identifier: Apache-2.0
// The flags of checkpoints.
#include <algorithm>
#include <string>

#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/argument_checks.hpp"
#include "cli/options.hpp"

namespace slalom::cli {
namespace {

using Unit = CheckpointInterval::Unit;

/// "5" or "5epochs", "500steps", "30s"; a blank before the unit is allowed.
CheckpointInterval parse_interval(const std::string& text) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789."), text.size());
  std::string unit = text.substr(end);
  if (unit.starts_with(' ')) unit.erase(0, 1);
  const bool known =
      unit.empty() || unit == "s" || unit == "steps" || unit == "step" || unit == "epochs" || unit == "epoch";
  const std::optional<double> count = parse_number(text.substr(0, end));
  if (!known || !count || !(*count > 0.0)) {
    throw UsageError("--checkpoint-every: found '" + text +
                     "', expected a number above 0 of epochs (5), steps (500steps) or seconds (30s)");
  }
  return {.count = *count,
          .unit = unit == "s"                ? Unit::kSeconds
                  : unit.starts_with("step") ? Unit::kSteps
                                             : Unit::kEpochs};
}

}  // namespace

void add_checkpoint_options(CLI::App& app, CheckpointOptions& options) {
  const std::string group = "Checkpoints";
  app.add_option("--checkpoint-dir", options.folder,
                 "Save the whole state of the run in this folder, so that --resume can go on from it")
      ->group(group);
  app.add_option_function<std::string>(
         "--checkpoint-every", [&options](const std::string& text) { options.interval = parse_interval(text); },
         "How often, besides at the end and at Ctrl-C: epochs (5), steps (500steps) or seconds (30s)")
      ->default_str("60s")
      ->group(group);
  app.add_option("--checkpoint-keep", options.keep, "Newest checkpoints to keep, besides the best (>= 1)")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--resume", options.resume,
               "Go on from the newest checkpoint in --checkpoint-dir, bit for bit as if the run had never stopped")
      ->group(group);
}

}  // namespace slalom::cli
