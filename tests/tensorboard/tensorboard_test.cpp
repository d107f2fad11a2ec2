// SPDX-License-Identifier: Apache-2.0
// What TensorBoard's own readers and plugins find in the folder of --tensorboard.
#include <algorithm>
#include <fstream>
#include <regex>
#include <vector>

#include "cli/python_fixture.hpp"

namespace slalom::testing {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

class TensorBoard : public PythonFixture {
 protected:
  TensorBoard() : PythonFixture("tensorboard") {}
  void SetUp() override {
    PythonFixture::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    write("plane.csv", plane_csv(200));
  }

  void train(const std::string& flags, int status = 0) const {
    const Outcome run =
        slalom("train --data plane.csv --target y --quiet --tensorboard board --metrics m.jsonl " + flags);
    EXPECT_EQ(run.status, status) << run.err;
  }

  Json board() const {
    const Outcome run = python("'" SLALOM_READ_EVENTS "' board");
    EXPECT_EQ(run.status, 0) << run.err;
    return run.status == 0 ? Json::parse(run.out) : Json();
  }

  /// Of the metrics log: member 0's numbers under a name, epoch by epoch.
  std::vector<double> logged(const std::string& name, bool valid) const {
    std::vector<double> numbers;
    std::ifstream file(folder() / "m.jsonl");
    for (std::string line; std::getline(file, line);) {
      const Json json = Json::parse(line);
      if (json.at("event") == "epoch" && json.at("member") == 0) {
        numbers.push_back((valid ? json.at("valid") : json).at(name).get<double>());
      }
    }
    return numbers;
  }

  std::vector<fs::path> event_files() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder() / "board")) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }
};

void expect_curve(const Json& points, const std::vector<double>& numbers) {
  ASSERT_EQ(points.size(), numbers.size());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(points[i][0], i + 1);
    EXPECT_EQ(points[i][1].get<double>(), static_cast<double>(static_cast<float>(numbers[i])));  // stored as float32
  }
}

/// The steps of a tag's points.
std::vector<int> steps_of(const Json& points) {
  std::vector<int> steps;
  for (const Json& point : points) steps.push_back(point[0].get<int>());
  return steps;
}

TEST_F(TensorBoard, ShowsTheCurvesOfTheMetricsLog) {
  train("--lr 0.05 --epochs 4 --schedule exponential --factor 0.5");
  const Json scalars = board().at("runs").at(".").at("scalars");
  for (const char* name : {"lr", "train_loss", "seconds", "samples_per_second"}) {
    expect_curve(scalars.at(name), logged(name, false));
  }
  for (const char* name : {"loss", "mse", "rmse", "mae", "r2"}) {
    expect_curve(scalars.at(std::string("valid/") + name), logged(name, true));
  }
  EXPECT_EQ(scalars.size(), 9U);
}

TEST_F(TensorBoard, ShowsCommandLineAndSettings) {
  train("--lr 0.05 --epochs 2 --drop colour --lr-decay 0.25");
  const Json texts = board().at("runs").at(".").at("texts");
  const std::string command = texts.at("command_line")[0][1];
  EXPECT_NE(command.find("train --data plane.csv --target y --quiet"), std::string::npos) << command;
  EXPECT_NE(command.find("<code>"), std::string::npos) << command;
  const std::string settings = texts.at("settings")[0][1];
  for (const char* line :
       {"lr-decay +=\\s0.25\n", "drop +=\\scolour\n", "optimizer +=\\sadam\n", "no-shuffle +=\\sfalse\n"}) {
    EXPECT_TRUE(std::regex_search(settings, std::regex(line))) << line << settings;
  }
}

TEST_F(TensorBoard, ComparesRestartsByHyperparameters) {
  train("--lr 0.05 --epochs 3 --restarts 2 --hidden 8,4 --model mlp");
  const Json all = board();
  EXPECT_EQ(all.at("hparams").at("lr"), "DATA_TYPE_FLOAT64");
  EXPECT_EQ(all.at("hparams").at("optimizer"), "DATA_TYPE_STRING");
  EXPECT_EQ(all.at("hparams").at("batch-norm"), "DATA_TYPE_BOOL");
  EXPECT_FALSE(all.at("hparams").contains("data"));
  ASSERT_EQ(all.at("sessions").size(), 2U);
  for (const char* name : {"restart-1", "restart-2"}) {
    const Json session = all.at("sessions").at(name);
    EXPECT_EQ(session.at("hparams").at("lr"), 0.05);
    EXPECT_EQ(session.at("hparams").at("hidden"), "8,4");
    EXPECT_EQ(session.at("hparams").at("batch-norm"), false);
    EXPECT_EQ(session.at("hparams").at("restart"), std::string(name).back() - '0');
    EXPECT_EQ(session.at("metrics").at("valid/loss"), all.at("runs").at(name).at("scalars").at("valid/loss")[2][1]);
    EXPECT_EQ(session.at("status"), "STATUS_SUCCESS");
  }
}

TEST_F(TensorBoard, ShowsFoldsBesideTheModel) {
  train("--epochs 2 --folds 3");
  const Json runs = board().at("runs");
  ASSERT_EQ(runs.size(), 4U);
  for (const char* name : {".", "fold-1", "fold-2", "fold-3"}) {
    EXPECT_EQ(runs.at(name).at("scalars").at("train_loss").size(), 2U) << name;
  }
}

TEST_F(TensorBoard, ShowsWhatTheGuardDidAndThatTheRunFailed) {
  train("--epochs 6 --optimizer sgd --lr 1e5 --guard-retries 2", 65);
  const Json all = board();
  const Json guard = all.at("runs").at(".").at("texts").at("guard");
  EXPECT_EQ(steps_of(guard), (std::vector<int>{1, 2}));
  EXPECT_NE(guard[0][1].get<std::string>().find("learning rate 100000 -&gt; 10000"), std::string::npos) << guard;
  EXPECT_EQ(all.at("sessions").at(".").at("status"), "STATUS_FAILURE");
}

TEST_F(TensorBoard, GoesOnAfterTheEpochsOfACheckpoint) {
  train("--epochs 3 --checkpoint-dir saved --checkpoint-every 2");
  fs::path newest;
  for (const auto& entry : fs::directory_iterator(folder() / "saved")) newest = std::max(newest, entry.path());
  fs::remove(newest);  // as if killed after epoch 2
  train("--epochs 3 --checkpoint-dir saved --checkpoint-every 2 --resume");
  EXPECT_EQ(event_files().size(), 2U);
  EXPECT_EQ(steps_of(board().at("runs").at(".").at("scalars").at("train_loss")), (std::vector<int>{1, 2, 3}));
}

TEST_F(TensorBoard, ShowsTheNewRunOnlyInAFolderThatIsUsedAgain) {
  train("--epochs 5");
  write("board/events.out.tfevents.0000000001.host", "");  // another program's
  train("--epochs 2 --l2 0.5");
  EXPECT_EQ(event_files().size(), 2U);
  const Json all = board();
  EXPECT_EQ(steps_of(all.at("runs").at(".").at("scalars").at("train_loss")), (std::vector<int>{1, 2}));
  EXPECT_EQ(all.at("sessions").at(".").at("hparams").at("l2"), 0.5);
}

TEST_F(TensorBoard, ReadsWhatACrashLeft) {
  train("--epochs 3");
  const std::vector<fs::path> files = event_files();
  ASSERT_EQ(files.size(), 1U);
  fs::resize_file(files[0], fs::file_size(files[0]) - 60);  // within the record of the run's end
  const Json all = board();
  EXPECT_EQ(steps_of(all.at("runs").at(".").at("scalars").at("train_loss")), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(all.at("sessions").at(".").at("status"), "STATUS_UNKNOWN");
}

TEST_F(TensorBoard, ComparesTheTrialsOfTuning) {
  const std::string flags =
      "tune --data plane.csv --target y --quiet --json --tensorboard board --epochs 4 --measure-time 0.01 "
      "--no-early-stop --lrs 0.02,0.05 --batch-sizes 16,64 ";
  ASSERT_EQ(slalom(flags + "--repeats 1 --batch-sizes 8,16,32,64").status, 0);  // more trials, whose files must go
  const Outcome run = slalom(flags + "--repeats 2 --l2 0.001 --target-loss 1000");
  ASSERT_EQ(run.status, 0) << run.err;
  const Json tuned = run.json(), all = board();
  ASSERT_EQ(all.at("runs").size(), 9U) << all.at("runs");  // two seeds of four trials, and what is common to all
  ASSERT_EQ(all.at("sessions").size(), 8U);
  for (std::size_t i = 0; i < 4; ++i) {
    const Json& row = tuned.at("rows")[i];
    for (std::size_t k = 0; k < 2; ++k) {
      const std::string name = "trial-" + std::to_string(i + 1) + "/seed-" + std::to_string(k + 1);
      const Json scalars = all.at("runs").at(name).at("scalars");
      std::vector<double> losses;
      for (const Json& point : row.at("runs")[k].at("curve")) losses.push_back(point.at("loss"));
      ASSERT_EQ(losses.size(), 4U);
      expect_curve(scalars.at("valid/loss"), losses);
      const double speed = row.at("speed").at("samples_per_second");
      EXPECT_EQ(scalars.at("samples_per_second")[0][1].get<double>(), static_cast<double>(static_cast<float>(speed)));
      EXPECT_EQ(scalars.at("recommended")[0][1], tuned.at("recommended") == i ? 1.0 : 0.0);
      const Json session = all.at("sessions").at(name), hparams = session.at("hparams");
      EXPECT_EQ(hparams.at("batch-size"), row.at("batch_size"));
      EXPECT_EQ(hparams.at("lr"), row.at("lr"));
      EXPECT_EQ(hparams.at("optimizer"), "adam");
      EXPECT_EQ(hparams.at("device"), "cpu");
      EXPECT_EQ(hparams.at("l2"), 0.001);
      EXPECT_EQ(hparams.at("epochs"), 4.0);
      EXPECT_EQ(session.at("metrics").at("valid/loss"), scalars.at("valid/loss")[3][1]);
      EXPECT_EQ(session.at("status"), "STATUS_SUCCESS");
    }
  }
  const Json texts = all.at("runs").at(".").at("texts");
  EXPECT_NE(texts.at("recommendation")[0][1].get<std::string>().find("recommended: batch size"), std::string::npos);
  EXPECT_NE(texts.at("command_line")[0][1].get<std::string>().find("--repeats 2"), std::string::npos);
  EXPECT_NE(texts.at("settings")[0][1].get<std::string>().find("measure-time"), std::string::npos);
}

TEST_F(TensorBoard, NamesATrialWithOneSeedByItselfAndSaysThatItDiverged) {
  const Outcome run = slalom(
      "tune --data plane.csv --target y --quiet --tensorboard board --epochs 3 --measure-time 0.01 --repeats 1 "
      "--optimizer sgd --lrs 0.01,1e6 --batch-sizes 16");
  ASSERT_EQ(run.status, 0) << run.err;
  const Json sessions = board().at("sessions");
  ASSERT_EQ(sessions.size(), 2U) << sessions;
  EXPECT_EQ(sessions.at("trial-1").at("status"), "STATUS_SUCCESS");
  EXPECT_EQ(sessions.at("trial-2").at("status"), "STATUS_FAILURE");
}

TEST_F(TensorBoard, TuningRefusesAFolderThatCannotBe) {
  write("file", "");
  expect_error("tune --data plane.csv --target y --quiet --tensorboard file", 73,
               "--tensorboard: file: cannot create the folder: Not a directory", "none");
}

}  // namespace
}  // namespace slalom::testing
