// SPDX-License-Identifier: Apache-2.0
// The flags that say how files are read and columns become numbers.
#include <cmath>
#include <utility>

#include <CLI/CLI.hpp>

#include <slalom/error.hpp>

#include "cli/argument_checks.hpp"
#include "cli/enum_option.hpp"
#include "cli/name_list.hpp"
#include "cli/options.hpp"

namespace slalom::cli {
namespace {

char parse_delimiter(const std::string& text) {
  if (text == "auto") return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  if (text == "space") return ' ';
  if (text == "comma") return ',';
  if (text == "semicolon") return ';';
  if (text.size() == 1 && text != "\"" && text != "\n") return text[0];
  throw UsageError("--delimiter: found '" + text + "', expected auto, comma, semicolon, tab, space or one character");
}

/// "yes=3,no=1" or "balanced".
void parse_class_weights(const std::vector<std::string>& items, PreprocessOptions& preprocess) {
  for (const std::string& item : items) {
    if (item == "balanced") {
      preprocess.balanced_classes = true;
      continue;
    }
    const std::size_t equals = item.rfind('=');
    const auto weight = equals == std::string::npos ? std::nullopt : parse_number(item.substr(equals + 1));
    if (!weight || !(*weight >= 0.0) || !std::isfinite(*weight)) {
      throw UsageError("--class-weight: found '" + item + "', expected balanced or CLASS=WEIGHT with a weight >= 0");
    }
    preprocess.class_weights.emplace_back(item.substr(0, equals), *weight);
  }
}

}  // namespace

void add_data_options(CLI::App& app, TrainJob& job) {
  app.add_option("--data", job.data, "Training file: .csv .tsv (.gz), .parquet, .feather, .npy, .libsvm")->required();
  app.add_option("--valid", job.valid, "Validation file");
  app.add_option("--valid-fraction", job.valid_fraction, "Part of the rows held out when there is no --valid; 0: none")
      ->capture_default_str();
}

void add_read_options(CLI::App& app, ReadOptions& read) {
  const std::string group = "Reading";
  app.add_option_function<std::string>(
         "--delimiter", [&read](const std::string& text) { read.delimiter = parse_delimiter(text); },
         "Between the fields of a text table: auto, comma, semicolon, tab, space (any run of blanks) or one character")
      ->default_str("auto")
      ->group(group);
  app.add_flag_callback(
         "--no-header", [&read] { read.has_header = false; }, "The first line is data; columns are called c0, c1, ...")
      ->group(group);
  app.add_option("--format", read.format, "File format, if the name does not tell it")
      ->check(one_of({"csv", "parquet", "feather", "npy", "libsvm"}))
      ->group(group);
  app.add_option("--targets-file", read.targets_path,
                 "For .npy: a second .npy file with the targets (columns y or y0, y1, ...)")
      ->group(group);
}

void add_preprocess_options(CLI::App& app, PreprocessOptions& preprocess, ReadOptions& read) {
  const std::string group = "Columns";
  add_name_list(app, "--target", preprocess.targets,
                "Column to predict: a name, or an index from 0 (negative from the end). Several for regression: a,b. A "
                "name that holds a comma stands in double quotes, here and below")
      ->required()
      ->group(group);
  add_name_list(app, "--features", preprocess.features, "Use only these columns: names or indices, a,b,...")
      ->group(group);
  add_name_list(app, "--drop", preprocess.drop, "Leave these columns out: names or indices, a,b,...")->group(group);
  add_name_list(
      app, "--categorical",
      [&read, &preprocess](std::vector<std::string> names) {
        for (const std::string& name : names) read.kinds.emplace_back(name, true);
        preprocess.categorical = std::move(names);
      },
      "Columns of numbers (or nearly) that are categories: names, a,b,...")
      ->group(group);
  app.add_option("--weight-column", preprocess.weight_column, "Column with a weight >= 0 for every row")->group(group);
  add_name_list(
      app, "--class-weight",
      [&preprocess](const std::vector<std::string>& items) { parse_class_weights(items, preprocess); },
      "balanced, or CLASS=WEIGHT,...")
      ->group(group);
  add_enum_option(app, "--scale", preprocess.scaling, "Scaling of the features")->group(group);
  app.add_flag_callback(
         "--no-target-scale", [&preprocess] { preprocess.target_scaling = Scaling::kNone; },
         "Do not standardise regression targets internally")
      ->group(group);
  add_enum_option(app, "--missing", preprocess.missing,
                  "Missing cells: mean (most frequent for categories), most-frequent, error")
      ->group(group);
  app.add_option("--max-categories", preprocess.max_categories,
                 "Levels kept of a text column; the rarest become 'other' (>= 2)")
      ->capture_default_str()
      ->group(group);
}

}  // namespace slalom::cli
