// SPDX-License-Identifier: Apache-2.0
// Memory of the host that runs out, anywhere: status 71 and one line, or none at all and the whole answer; nothing half-written.
// Allocations are sampled; with SLALOM_EVERY_ALLOCATION in the environment every single one fails in turn, which takes hours.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

constexpr int kOutOfMemory = 71;

/// One run of a sweep.
struct Failed {
  long n = 0;
  int status = -1;
  std::string output, err;
};

class Memory : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(150));
    ASSERT_EQ(slalom("train --data plane.csv --target y --quiet --device cpu --epochs 1 --out old.st").status, 0);
  }

  [[nodiscard]] Outcome watched(const std::string& environment, const std::string& arguments) const {
    return shell("env " + environment + " LD_PRELOAD='" SLALOM_FAILING_ALLOCATION "' '" SLALOM_BINARY "' " + arguments);
  }

  [[nodiscard]] std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
      names.insert(std::filesystem::relative(entry.path(), folder()).string());
    }
    return names;
  }

  /// Runs the command `runs` times for each of two kinds of failure, at allocations from its first to its last.
  /// `output`: what it writes (empty: nothing). A third of the runs fall on the command line's own allocations.
  void expect_survives(const std::string& arguments, const std::string& output, long runs) const {
    SCOPED_TRACE(arguments);
    const Outcome whole = watched("SLALOM_ALLOCATION_COUNT=count", arguments);
    ASSERT_EQ(whole.status, 0) << whole.err;
    const long n_allocations = std::stol(read("count"));
    std::string told = "SLALOM_FAILING_REPORT=report ";
    if (!output.empty()) {
      std::filesystem::rename(folder() / output, folder() / (output + ".whole"));
      write(output, "old");
      told += "SLALOM_FAILING_OUTPUT=" + output + " ";
    }
    write("report", "");
    const std::set<std::string> before = files();
    const bool every = std::getenv("SLALOM_EVERY_ALLOCATION") != nullptr;
    const long step = every ? 1 : std::max(1L, n_allocations / runs);
    for (const char* const kind : {"", " -"}) {
      const std::string range =
          std::to_string(1 + step / 2) + " " + std::to_string(n_allocations) + " " + std::to_string(step);
      ASSERT_EQ(watched(told + "SLALOM_FAILING_ALLOCATIONS='" + range + kind + "'", arguments).status, 0);
      std::istringstream lines(read("report"));
      long n_runs = 0;
      for (Failed run; lines >> run.n >> run.status >> run.output; ++n_runs) {
        std::getline(lines, run.err);
        expect_good(run, kind);
      }
      EXPECT_GE(n_runs, every ? n_allocations : runs - 1);
      if (every) std::cout << n_runs << " runs" << kind << ": " << arguments << std::endl;
    }
    EXPECT_EQ(files(), before) << "something was left behind";
  }

  static void expect_good(const Failed& run, const std::string& kind) {
    const std::string which = "allocation " + std::to_string(run.n) + kind + ":" + run.err;
    if (run.status == 0) {
      EXPECT_EQ(run.output, "new") << which;
      return;
    }
    EXPECT_EQ(run.status, kOutOfMemory) << which;
    EXPECT_NE(run.output, "broken") << which;
    // The OpenMP runtime says itself what it could not have.
    EXPECT_THAT(run.err, ::testing::MatchesRegex("\t(slalom: [^\n]*memory[^\n]*|\\\\nlibgomp: [^\n]*)\\\\n")) << which;
    EXPECT_THAT(run.err, ::testing::Not(::testing::HasSubstr("\\nslalom: out"))) << "one line: " << which;
  }
};

const std::string kTrain = "train --target y --quiet --device cpu --epochs 2 --threads 2 --out m.st --data ";

TEST_F(Memory, TrainingSurvives) {
  expect_survives(kTrain + "plane.csv", "m.st", 60);
  expect_survives(kTrain + "plane.csv --model mlp --hidden 8 --restarts 2", "m.st", 25);
  expect_survives(kTrain + "plane.csv --folds 2", "m.st", 25);
}

TEST_F(Memory, CrewsOfThreadsSurvive) {
  write("long.csv", plane_csv(4000));
  expect_survives(kTrain + "long.csv --model mlp --hidden 128,128 --batch-size all", "m.st", 20);
}

TEST_F(Memory, ReadersOfEveryFormatSurvive) {
  ASSERT_EQ(shell("gzip -k plane.csv").status, 0);
  expect_survives(kTrain + "plane.csv.gz", "m.st", 20);
  std::string numbers = "a,b,y\n";
  for (int i = 0; i < 50; ++i)
    numbers += std::to_string(i * 7 % 50) + "," + std::to_string(i) + "," + std::to_string(i % 2) + "\n";
  write("numbers.csv", numbers);
  ASSERT_EQ(
      slalom("train --data numbers.csv --target y --model logistic --quiet --device cpu --epochs 1 --out l.st").status,
      0);
  for (const std::string name : {"p.parquet", "p.feather", "p.npy"}) {
    ASSERT_EQ(slalom("predict --quiet --model l.st --data numbers.csv --out " + name).status, 0);
    expect_survives("train --target 1 --quiet --device cpu --epochs 1 --out m.st --data " + name, "m.st", 20);
  }
  write("a.libsvm", "1 1:2 2:1\n0 2:1\n1 1:3\n0 1:1\n0 2:2\n");
  expect_survives("train --quiet --device cpu --epochs 1 --target label --out m.st --data a.libsvm", "m.st", 20);
}

TEST_F(Memory, PredictionsInEveryFormatSurvive) {
  for (const std::string name : {"p.csv", "p.parquet", "p.feather", "p.npy"}) {
    expect_survives("predict --quiet --device cpu --model old.st --data plane.csv --out " + name, name, 30);
  }
}

TEST_F(Memory, ModelsAndReportsSurvive) {
  expect_survives("evaluate --device cpu --model old.st --data plane.csv --json", "", 20);
  expect_survives("inspect old.st", "", 20);
  expect_survives("export old.st --onnx m.onnx", "m.onnx", 20);
}

/// A checkpoint that there is no memory for is left out; whatever happened, the next run comes to the same model.
TEST_F(Memory, CheckpointsStayWhole) {
  const std::string command = kTrain + "plane.csv --checkpoint-dir ck --checkpoint-every 1 --resume ";
  ASSERT_EQ(slalom(command).status, 0);
  std::filesystem::rename(folder() / "m.st", folder() / "whole.st");
  std::filesystem::remove_all(folder() / "ck");
  ASSERT_EQ(watched("SLALOM_ALLOCATION_COUNT=count", command).status, 0);
  const long n_allocations = std::stol(read("count"));
  const bool every = std::getenv("SLALOM_EVERY_ALLOCATION") != nullptr;
  const long runs = every ? n_allocations : 10;
  for (long i = 0; i < runs; ++i) {
    std::filesystem::remove_all(folder() / "ck");
    const std::string n = std::to_string(every ? i + 1 : n_allocations * (780 + 21 * i) / 1000);
    const std::string failing = "SLALOM_FAILING_REPORT=report SLALOM_FAILING_ALLOCATIONS='" + n + " " + n + " 1'";
    ASSERT_EQ(watched(failing, command).status, 0);
    EXPECT_EQ(read("report").find(" broken\t"), std::string::npos);
    ASSERT_EQ(slalom(command).status, 0) << n;
    EXPECT_TRUE(read("m.st") == read("whole.st")) << n << ": " << read("report");
  }
}

/// The system's own limits rather than a library in between.
TEST_F(Memory, AddressSpaceThatRunsOutIsSaid) {
  write("long.csv", plane_csv(60000));
  const auto limited = [&](int mebibytes, const std::string& arguments) {
    return shell("bash -c 'ulimit -v " + std::to_string(mebibytes * 1024) + "; exec \"" SLALOM_BINARY "\" " +
                 arguments + "'");
  };
  int fails = 16, starts = 8192;
  while (starts - fails > 1) {
    const int middle = (fails + starts) / 2;
    (limited(middle, "--version").status == 0 ? starts : fails) = middle;
  }
  int said = 0;
  Outcome run;
  // Closely where it begins to: what a library cannot have when it is loaded, it may miss when the process ends.
  const int begin = starts - 24, closely = starts + 24;
  for (int mebibytes = begin; mebibytes < starts + 800; mebibytes += mebibytes < closely ? 1 : 4) {
    const Outcome version = limited(mebibytes, "--version");
    if (version.out.empty() && version.status != kOutOfMemory) continue;  // it ended in the loader
    EXPECT_THAT(version.status, ::testing::AnyOf(0, kOutOfMemory)) << mebibytes;
    run = limited(mebibytes, kTrain + "long.csv");
    if (run.status == 0) break;
    EXPECT_EQ(run.status, kOutOfMemory) << mebibytes << ' ' << run.err;
    EXPECT_FALSE(exists("m.st"));
    said += run.err.find("ulimit -v allows") != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_GT(said, 0);
}

}  // namespace
}  // namespace slalom::testing
