// SPDX-License-Identifier: Apache-2.0
// The flags that describe the model and where it is trained.
#include <CLI/CLI.hpp>

#include "cli/byte_size.hpp"
#include "cli/enum_option.hpp"
#include "cli/options.hpp"

namespace slalom::cli {

void add_model_options(CLI::App& app, TrainJob& job) {
  const std::string group = "Model";
  ModelSpec& spec = job.model;
  add_enum_option(app, "--model", spec.kind, "linear (regression), logistic (two classes), softmax (classes), mlp")
      ->group(group);
  app.add_option("--hidden", spec.hidden, "Widths of the hidden layers of an mlp, for example 64,64")
      ->delimiter(',')
      ->group(group);
  add_enum_option(app, "--activation", spec.activation, "Activation of hidden layers")->group(group);
  add_enum_option<LossKind>(
      app, "--loss", [&job](LossKind loss) { job.loss = loss; },
      "Loss; by default mse, bce or cross-entropy as model and target ask", "by model")
      ->group(group);
  app.add_option("--huber-delta", spec.loss.huber_delta, "Where huber turns linear, in target units (> 0)")
      ->capture_default_str()
      ->group(group);
  app.add_option("--quantile", spec.loss.quantile, "Quantile that --loss quantile estimates (0 to 1)")
      ->capture_default_str()
      ->group(group);
  app.add_flag("--batch-norm", spec.batch_norm, "Batch normalisation before every hidden activation")->group(group);
  app.add_option("--dropout", spec.dropout, "Probability of dropping a hidden unit (0 to 1)")
      ->capture_default_str()
      ->group(group);
  add_enum_option(app, "--init", spec.initialization,
                  "How weights start; auto: zeros without hidden layers, else He or Xavier")
      ->group(group);
  app.add_option("--init-scale", spec.init_scale,
                 "Half-width (uniform) or standard deviation (normal) of --init; 0: 0.05")
      ->capture_default_str()
      ->group(group);
}

void add_scoring_options(CLI::App& app, ScoringOptions& scoring, const std::string& data_help) {
  app.add_option("--model", scoring.model, "Model file from slalom train")->required();
  app.add_option("--data", scoring.data, data_help)->required();
  add_read_options(app, scoring.read);
  add_device_options(app, {scoring.device, scoring.threads, scoring.precision});
}

void add_device_options(CLI::App& app, const DeviceOptions& options) {
  const std::string group = "Device";
  add_enum_option(app, "--device", options.device, "auto: the fastest there is; reference: plain float64")
      ->group(group);
  app.add_option("--threads", options.threads, "CPU threads; 0: all cores. Results do not depend on it")
      ->capture_default_str()
      ->group(group);
  add_enum_option(app, "--precision", options.precision, "Matrix products of networks on a CUDA device")->group(group);
}

void add_device_memory_option(CLI::App& app, std::int64_t& device_memory) {
  app.add_option_function<std::string>(
         "--device-memory",
         [&device_memory](const std::string& text) { device_memory = parse_bytes("--device-memory", text); },
         "Most memory of a CUDA device for training and validation data, such as 512M or 2G (K, M, G, T: powers of "
         "1024); data that needs more is streamed, with the same results")
      ->default_str("9/10 of what is free")
      ->group("Device");
}

}  // namespace slalom::cli
