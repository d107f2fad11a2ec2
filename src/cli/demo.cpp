// SPDX-License-Identifier: Apache-2.0
// slalom demo: gradient descent on ten points, printed step by step, and then a job of real size.
#include <array>
#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <slalom/error.hpp>
#include <slalom/job.hpp>

#include "cli/command.hpp"
#include "cli/synthetic.hpp"
#include "cli/writer.hpp"

namespace slalom::cli {
namespace {

constexpr std::int64_t kFlats = 20000;
constexpr std::array<double, 10> kX{0.0,
                                    0.5555555555555556,
                                    1.1111111111111112,
                                    1.6666666666666667,
                                    2.2222222222222223,
                                    2.7777777777777777,
                                    3.3333333333333335,
                                    3.8888888888888893,
                                    4.444444444444445,
                                    5.0};
// 2 x + 1 + noise of standard deviation 0.5: numpy.random.seed(42), randn(10) / 2
constexpr std::array<double, 10> kY{1.2483570765056164, 2.041978960525519, 3.5460664912725686, 5.094848261537346,
                                    5.327367757082777,  6.438487077080965, 8.456273074420363,  9.161495142354234,
                                    9.654151695921414,  11.271280021792982};

/// Prints every tenth iteration as the worked example does: cost before the update, slope and intercept after it.
class IterationPrinter : public Observer {
 public:
  explicit IterationPrinter(const Backend& backend) : backend_(backend), layout_(backend.spec()) {}
  void on_epoch(const EpochReport& report) override {
    const std::int64_t iteration = report.step - 1;
    if (iteration % 10 != 0) return;
    const std::vector<double> parameters = backend_.export_state(0).parameters;
    const LayerView& layer = layout_.layers[0];
    fmt::print("Iteration {}, Cost: {:.4f}, m: {:.4f}, b: {:.4f}\n", iteration, report.train_loss,
               parameters[static_cast<std::size_t>(layer.weight)], parameters[static_cast<std::size_t>(layer.bias)]);
  }

 private:
  const Backend& backend_;
  ParameterLayout layout_;
};

void run_ten_points() {
  fmt::print("1. Ten points near y = 2x + 1, batch gradient descent from m = b = 0, learning rate 0.01\n\n");
  Dataset points;
  points.n_rows = static_cast<std::int64_t>(kX.size());
  points.n_features = 1;
  points.n_targets = 1;
  for (std::size_t i = 0; i < kX.size(); ++i) {
    points.features.push_back(static_cast<float>(kX[i]));
    points.targets.push_back(static_cast<float>(kY[i]));
  }
  ModelSpec line;
  line.n_features = 1;
  TrainerConfig config;
  config.optimizer.kind = OptimizerKind::kSgd;
  config.optimizer.learning_rate = 0.01;
  config.batch_size = 0;
  config.epochs = 100;
  const MemberConfig member{.optimizer = config.optimizer};
  const auto backend = make_backend(DeviceKind::kCpu, line, points, {&member, 1});
  backend->import_state(0, {.parameters = initial_parameters(line, config.seed, 0)});
  IterationPrinter printer(*backend);
  Observer* const observers[] = {&printer};
  train(*backend, points, nullptr, config, {}, observers);
}

TrainJob flats_job() {
  TrainJob job;
  job.data = "built-in table of flats";
  job.preprocess.targets = {"price"};
  job.trainer.epochs = 20;
  job.trainer.optimizer.learning_rate = 1e-2;
  job.trainer.schedule.kind = ScheduleKind::kCosine;
  return job;
}

void print_row(const char* name, const JobResult& result) {
  const Metrics& valid = result.members.at(static_cast<std::size_t>(result.chosen)).valid.value();
  const TrainResult& training = result.training;
  fmt::print("{:<22} {:>10.0f} {:>10.0f} {:>8.4f} {:>9} {:>12.3g} {:>14.0f}\n", name, valid.rmse.value(),
             valid.mae.value(), valid.r2.value(), training.steps, training.seconds,
             static_cast<double>(training.samples) / training.seconds);
}

void run_flats(const std::filesystem::path& folder, const std::string& program) {
  fmt::print("\n2. {} flats: predict the price (noise 15,000 euros); 80 % to train, 20 % to validate\n\n", kFlats);
  const Table flats = make_flats(kFlats);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw OutputError(fmt::format("{}: cannot create the folder: {}", folder.string(), error.message()));

  const TrainJob linear = flats_job();
  TrainJob network = flats_job();
  network.model.kind = ModelKind::kMlp;
  network.model.hidden = {32, 32};

  fmt::print("{:<22} {:>10} {:>10} {:>8} {:>9} {:>12} {:>14}\n", "model", "RMSE", "MAE", "R2", "steps", "seconds",
             "samples/s");
  const JobResult linear_result = run_job(linear, flats, nullptr, {}, &stop_requested);
  print_row("linear", linear_result);
  const JobResult network_result = run_job(network, flats, nullptr, {}, &stop_requested);
  print_row("network 32-32", network_result);

  const std::string data_path = (folder / "flats.csv").string();
  std::vector<std::pair<std::string, bool>> columns;
  for (const Column& column : flats.columns) columns.emplace_back(column.name(), !column.is_numeric());
  const auto data_writer = open_writer(data_path, columns);
  data_writer->write(flats.columns);
  data_writer->finish();

  const std::string model_path = (folder / "flats.safetensors").string();
  save_model(network_result.model, model_path);
  const std::string predictions_path = (folder / "predictions.csv").string();
  Predictor predictor(load_model(model_path));
  const auto writer = open_writer(predictions_path, predictor.output_columns());
  Notes notes;
  writer->write(predictor.predict(flats, notes).columns);
  writer->finish();

  fmt::print("\nTrained on {}. Written: {}, {}, {}\n", network_result.device_description, data_path, model_path,
             predictions_path);
  fmt::print("\nYour turn:\n  {} train --data {} --target price --model mlp --hidden 32,32 --out model.safetensors\n",
             program, data_path);
  fmt::print("  {} inspect {}\n", program, model_path);
}

}  // namespace

void add_demo(CLI::App& app, const std::string& program) {
  auto folder = std::make_shared<std::string>("slalom-demo");
  CLI::App* command = app.add_subcommand("demo", "Show what slalom does, in a few seconds");
  command->add_option("--out-dir", *folder, "Folder for the demo's files")->capture_default_str();
  command->callback([folder, program] {
    run_ten_points();
    run_flats(*folder, program);
  });
}

}  // namespace slalom::cli
