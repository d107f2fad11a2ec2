// SPDX-License-Identifier: Apache-2.0
// Every command that works in several threads, with one to four of them: the same output. Also run under ThreadSanitizer.
#include <filesystem>
#include <string>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class Threads : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(900));
  }

  /// Runs `command` with --threads 1 to 4; `file` must have the same bytes every time.
  void expect_same(const std::string& command, const std::string& file) const {
    std::string expected;
    for (const char* threads : {"1", "2", "3", "4"}) {
      const Outcome run = slalom(command + " --threads " + threads);
      ASSERT_EQ(run.status, 0) << run.err;
      if (expected.empty()) expected = read(file);
      ASSERT_FALSE(expected.empty());
      EXPECT_TRUE(read(file) == expected) << command << " with " << threads << " threads";
      std::filesystem::remove_all(folder() / file);
    }
  }
};

constexpr const char* kTrain = "train --data plane.csv --target y --device cpu --quiet --out m.safetensors --epochs 2 ";

TEST_F(Threads, TrainLinearModels) {
  expect_same(std::string(kTrain) + "--batch-size all", "m.safetensors");
  expect_same(std::string(kTrain) + "--restarts 5", "m.safetensors");
  expect_same(std::string(kTrain) + "--folds 2", "m.safetensors");
}

TEST_F(Threads, TrainNetworks) {
  expect_same(std::string(kTrain) + "--model mlp --hidden 64,33 --batch-size 256 --dropout 0.2 --batch-norm",
              "m.safetensors");
  expect_same(std::string(kTrain) + "--model mlp --hidden 16 --restarts 3", "m.safetensors");
}

TEST_F(Threads, TrainWithCheckpointsAndLogs) {
  const std::string train =
      "train --data plane.csv --target y --device cpu --quiet --out m.safetensors --model mlp --hidden 64 "
      "--batch-size 256 ";
  for (const char* threads : {"2", "4"}) {
    const std::string flags = "--tensorboard tb --metrics m.jsonl --checkpoint-dir ck --checkpoint-every 1 --threads ";
    const Outcome first = slalom(train + "--epochs 2 " + flags + threads);
    ASSERT_EQ(first.status, 0) << first.err;
    const Outcome resumed = slalom(train + "--epochs 4 --resume " + flags + threads);
    ASSERT_EQ(resumed.status, 0) << resumed.err;
    ASSERT_EQ(shell("rm -r ck tb m.jsonl").status, 0);
  }
}

TEST_F(Threads, ReadTablesOfManyBlocksAndPredict) {
  write("long.csv", plane_csv(150000));
  ASSERT_EQ(slalom(std::string(kTrain) + "--threads 2").status, 0);
  expect_same("predict --quiet --model m.safetensors --data long.csv --out p.csv", "p.csv");
  const Outcome run = slalom("evaluate --model m.safetensors --data long.csv --threads 4");
  EXPECT_EQ(run.status, 0) << run.err;
}

TEST_F(Threads, TuneAndFindARate) {
  for (const char* threads : {"2", "4"}) {
    const Outcome tuned = slalom(std::string("tune --data plane.csv --target y --batch-sizes 16,64 --repeats 2 "
                                             "--measure-time 0.01 --epochs 2 --model mlp --hidden 8 --threads ") +
                                 threads);
    EXPECT_EQ(tuned.status, 0) << tuned.err;
    const Outcome found = slalom(std::string("lr-find --data plane.csv --target y --device cpu --threads ") + threads);
    EXPECT_EQ(found.status, 0) << found.err;
  }
}

}  // namespace
}  // namespace slalom::testing
