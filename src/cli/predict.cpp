// SPDX-License-Identifier: Apache-2.0
// slalom predict: applies a model to a raw file, piece by piece.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/job.hpp>

#include "cli/command.hpp"
#include "cli/options.hpp"
#include "cli/output_paths.hpp"
#include "cli/writer.hpp"
#include "core/host_memory.hpp"

namespace slalom::cli {

void add_predict(CLI::App& app) {
  struct Options : ScoringOptions {
    std::string out;
    bool quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("predict", "Predict the rows of a file");
  add_scoring_options(*command, *o, "File with the model's columns, in any order");
  command->add_option("--out", o->out, "File to write: .csv, .parquet, .feather or .npy")->required();
  command->add_flag("--quiet", o->quiet, "Print nothing but errors");
  command->callback([o] {
    require_own_files({{"--model", o->model}, {"--data", o->data}, {"--targets-file", o->read.targets_path}},
                      {{"--out", o->out}});
    Predictor predictor(load_model(o->model), o->device, o->threads, o->precision);
    const auto writer = open_writer(o->out, predictor.output_columns());
    std::int64_t rows = 0;
    Notes notes;
    stream_table(o->data, predictor.reading(o->read, Purpose::kPredict), [&](const Table& piece) {
      core::name_shortage("predicting rows for ", o->out,
                          [&] { writer->write(predictor.predict(piece, notes).columns); });
      rows += piece.n_rows;
    });
    core::name_shortage("writing ", o->out, [&] { writer->finish(); });
    if (o->quiet) return;
    print_notes(notes);
    print_line(stderr, fmt::format("{}: {} predictions written", o->out, rows));
  });
}

}  // namespace slalom::cli
