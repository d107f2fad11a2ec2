// SPDX-License-Identifier: Apache-2.0
// slalom evaluate: metrics of a model on a file with targets.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/job.hpp>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "report/summary.hpp"

namespace slalom::cli {

void add_evaluate(CLI::App& app) {
  struct Options : ScoringOptions {
    bool json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("evaluate", "Print the metrics of a model on a file with targets");
  add_scoring_options(*command, *o, "File with the model's columns and targets");
  command->add_flag("--json", o->json, "Print one JSON object instead of a table");
  command->callback([o] {
    Predictor predictor(load_model(o->model), o->device, o->threads, o->precision);
    Notes notes;
    const Metrics metrics = predictor.evaluate(read_table(o->data, predictor.reading(o->read)), notes);
    print_notes(notes);
    if (o->json) {
      print_json(report::metrics_json(metrics));
    } else {
      fmt::print("{}", report::metrics_table(metrics, predictor.model().preprocessing.classes, style_of(stdout)));
    }
  });
}

}  // namespace slalom::cli
