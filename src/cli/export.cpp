// SPDX-License-Identifier: Apache-2.0
// slalom export: writes a model in a format that other programs run.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/onnx.hpp>

#include "cli/command.hpp"
#include "cli/output_paths.hpp"

namespace slalom::cli {

void add_export(CLI::App& app) {
  struct Options {
    std::string model, onnx;
    OnnxOptions format;
    bool quiet = false;
  };
  auto o = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("export", "Write a model, preprocessing included, as ONNX for onnxruntime and others");
  command->add_option("model,--model", o->model, "Model file from slalom train, with or without --model before it")
      ->required();
  command->add_option("--onnx", o->onnx, "ONNX file to write: raw columns in, the answers of slalom predict out")
      ->required();
  command->add_flag("--float32", o->format.float32, "Numbers go in and come out as float32 instead of float64");
  command->add_flag("--quiet", o->quiet, "Print nothing but errors");
  command->callback([o] {
    require_own_files({{"--model", o->model}}, {{"--onnx", o->onnx}});
    export_onnx(load_model(o->model), o->onnx, o->format);
    if (!o->quiet) print_line(stderr, o->onnx + ": ONNX model written");
  });
}

}  // namespace slalom::cli
