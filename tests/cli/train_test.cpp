// SPDX-License-Identifier: Apache-2.0
// slalom train, evaluate and inspect on small files.
#include <cmath>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

using TrainCommand = CommandLine;

TEST_F(TrainCommand, FindsAPlane) {
  write("plane.csv", plane_csv(400));
  const Outcome run =
      slalom("train --data plane.csv --target y --lr 0.05 --epochs 60 --out m.safetensors --json --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  const nlohmann::json summary = run.json();
  EXPECT_GT(summary.at("valid").at("r2").get<double>(), 0.999);
  for (const char* key : {"model", "device", "seed", "epochs", "steps", "seconds_per_epoch", "us_per_step",
                          "samples_per_second", "train_loss", "train", "valid"}) {
    EXPECT_TRUE(summary.contains(key)) << key;
  }
  const Outcome evaluation = slalom("evaluate --model m.safetensors --data plane.csv --json");
  ASSERT_EQ(evaluation.status, 0) << evaluation.err;
  EXPECT_GT(evaluation.json().at("r2").get<double>(), 0.999);
  EXPECT_EQ(evaluation.json().at("rows").get<int>(), 400);
  const Outcome inspection = slalom("inspect m.safetensors");
  ASSERT_EQ(inspection.status, 0) << inspection.err;
  EXPECT_NE(inspection.out.find("colour"), std::string::npos);
}

TEST_F(TrainCommand, ValidatesOnAFileOfItsOwn) {
  const std::string plane = plane_csv(90);
  write("plane.csv", plane);
  const std::size_t half = plane.find('\n', plane.size() / 2) + 1;
  write("train.csv", plane.substr(0, half));
  write("valid.csv", plane.substr(0, plane.find('\n') + 1) + plane.substr(half));
  const Outcome run =
      slalom("train --data train.csv --valid valid.csv --target y --epochs 3 --out m.safetensors --json --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  const nlohmann::json summary = run.json();
  EXPECT_EQ(summary.at("train").at("rows").get<int>() + summary.at("valid").at("rows").get<int>(), 90);
  const Outcome evaluation = slalom("evaluate --model m.safetensors --data valid.csv --json");
  EXPECT_EQ(evaluation.json(), summary.at("valid"));
  // Nothing of the validation file enters the model.
  ASSERT_EQ(
      slalom("train --data train.csv --valid-fraction 0 --target y --epochs 3 --out alone.safetensors --quiet").status,
      0);
  EXPECT_TRUE(read("m.safetensors") == read("alone.safetensors"));
}

TEST_F(TrainCommand, StopsForTimeAndForLackOfProgress) {
  write("plane.csv", plane_csv(200));
  const std::string command = "train --data plane.csv --target y --epochs 1000000 --json --quiet ";
  EXPECT_EQ(slalom(command + "--max-time 0.001").json().at("stopped"), "--max-time reached");
  const nlohmann::json flat = slalom(command + "--lr 0.3 --tol 0.01 --patience 3 --out m.safetensors").json();
  EXPECT_EQ(flat.at("stopped"), "no more progress");
  EXPECT_LT(flat.at("best_epoch").get<int>(), flat.at("epochs").get<int>());
}

TEST_F(TrainCommand, AnInterruptedRunKeepsItsModel) {
  write("plane.csv", plane_csv(200));
  const Outcome run = shell("sh -c \"'" SLALOM_BINARY
                            "' train --data plane.csv --target y --epochs 1000000000 --quiet --json "
                            "--metrics run.jsonl --out m.safetensors & "
                            "until [ -s run.jsonl ]; do sleep 0.05; done; kill -INT \\$!; wait \\$!\"");
  EXPECT_EQ(run.status, 130) << run.err;
  EXPECT_EQ(run.json().at("stopped"), "interrupted");
  EXPECT_EQ(slalom("inspect m.safetensors").status, 0);
}

TEST_F(TrainCommand, ReadsItsFlagsFromAConfigFile) {
  write("plane.csv", plane_csv(100));
  write("run.toml", "data = \"plane.csv\"\ntarget = \"y\"\nepochs = 3\nbatch-size = \"all\"\n");
  const Outcome run = slalom("train --config run.toml --json --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json().at("epochs").get<int>(), 3);
  EXPECT_EQ(run.json().at("steps").get<int>(), 3);
}

TEST_F(TrainCommand, ReportsEveryRestartAndKeepsTheBest) {
  write("plane.csv", plane_csv(200));
  const Outcome run =
      slalom("train --data plane.csv --target y --model mlp --hidden 8 --epochs 3 --restarts 3 --json --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  const nlohmann::json summary = run.json();
  ASSERT_EQ(summary.at("members").size(), 3U);
  double best = HUGE_VAL;
  for (const auto& member : summary.at("members")) best = std::min(best, member.at("valid").at("mse").get<double>());
  EXPECT_DOUBLE_EQ(summary.at("valid").at("mse").get<double>(), best);
}

TEST_F(TrainCommand, CrossValidates) {
  write("plane.csv", plane_csv(200));
  const Outcome run = slalom("train --data plane.csv --target y --folds 4 --epochs 5 --json --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  const nlohmann::json folds = run.json().at("cross_validation");
  EXPECT_EQ(folds.at("folds").get<int>(), 4);
  EXPECT_TRUE(folds.at("mse").contains("mean"));
  EXPECT_TRUE(folds.at("mse").contains("std"));
}

TEST_F(TrainCommand, CrossValidatesAClassOfOneRow) {
  write("rare.csv", "x,y\n1,a\n2,a\n3,a\n4,a\n5,b\n");
  const Outcome run =
      slalom("train --data rare.csv --target y --model logistic --folds 5 --epochs 2 --json --out m.safetensors");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(run.json().at("cross_validation").at("accuracy").contains("mean"));
  EXPECT_TRUE(exists("m.safetensors"));
}

TEST_F(TrainCommand, WritesOneMetricsLineAnEpoch) {
  write("plane.csv", plane_csv(100));
  ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 4 --metrics run.jsonl --quiet").status, 0);
  std::istringstream lines(read("run.jsonl"));
  std::string line;
  int epochs = 0;
  while (std::getline(lines, line)) {
    const nlohmann::json record = nlohmann::json::parse(line);
    if (record.at("event") == "epoch") ++epochs;
  }
  EXPECT_EQ(epochs, 4);
}

TEST_F(TrainCommand, LearnsClassesGivenAsText) {
  std::string csv = "x,kind\n";
  for (int i = 0; i < 300; ++i)
    csv += std::to_string(i % 30) + (i % 30 < 10 ? ",low\n" : i % 30 < 20 ? ",middle\n" : ",high\n");
  write("kinds.csv", csv);
  const Outcome run = slalom(
      "train --data kinds.csv --target kind --model mlp --hidden 16 --lr 0.02 --epochs 60 --out m.safetensors --json "
      "--quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_GT(run.json().at("valid").at("accuracy").get<double>(), 0.9);
  ASSERT_EQ(slalom("predict --model m.safetensors --data kinds.csv --out p.csv").status, 0);
  EXPECT_EQ(read("p.csv").substr(0, read("p.csv").find('\n')),
            "prediction,probability_high,probability_low,probability_middle");
}

TEST_F(TrainCommand, HelpNamesDefaults) {
  const Outcome help = slalom("train --help");
  EXPECT_EQ(help.status, 0);
  EXPECT_NE(help.out.find("--batch-size"), std::string::npos);
  EXPECT_NE(help.out.find("64"), std::string::npos);
}

}  // namespace
}  // namespace slalom::testing
