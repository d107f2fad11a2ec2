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
  struct Options {
    std::string model, data;
    ReadOptions read;
    DeviceKind device = DeviceKind::kAuto;
    int threads = 0;
    bool json = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("evaluate", "Print the metrics of a model on a file with targets");
  command->add_option("--model", o->model, "Model file from slalom train")->required();
  command->add_option("--data", o->data, "File with the model's columns and targets")->required();
  command->add_flag("--json", o->json, "Print one JSON object instead of a table");
  add_read_options(*command, o->read);
  add_device_options(*command, o->device, o->threads);
  command->callback([o] {
    Predictor predictor(load_model(o->model), o->device, o->threads);
    Notes notes;
    const Metrics metrics = predictor.evaluate(read_table(o->data, predictor.reading(o->read)), notes);
    print_notes(notes);
    if (o->json) {
      fmt::print("{}\n", report::metrics_json(metrics));
    } else {
      fmt::print("{}", report::metrics_table(metrics, predictor.model().preprocessing.classes));
    }
  });
}

}  // namespace slalom::cli
