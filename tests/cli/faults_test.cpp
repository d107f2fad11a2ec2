// SPDX-License-Identifier: Apache-2.0
// Disks that fail: reads and writes that the kernel refuses or does in part, for every kind of input and output.
#include <csignal>
#include <filesystem>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class Faults : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(200));
    if (shell("'" SLALOM_FAILING_CALL "' fsync EIO 0 /bin/true").status != 0) {
      GTEST_SKIP() << "this system filters no system calls";
    }
    ASSERT_EQ(slalom("train --data plane.csv --target y --quiet --epochs 1 --out old.safetensors").status, 0);
  }

  /// Runs slalom; calls fail as failing_call takes it: "read EIO 65536".
  [[nodiscard]] Outcome failing(const std::string& fault, const std::string& arguments) const {
    Outcome run = shell("'" SLALOM_FAILING_CALL "' " + fault + " '" SLALOM_BINARY "' " + arguments);
    run.err = without_stack_warning(run.err);
    return run;
  }

  /// When an exception is thrown, AddressSanitizer reads where the stack is. A read that is refused to it, too, makes it
  /// say so first, in three lines of which this is the end of the last.
  [[nodiscard]] static std::string without_stack_warning(const std::string& err) {
    const std::string last = "/sanitizers/issues/189\n";
    const std::size_t at = err.find(last);
    return err.starts_with("==") && at != std::string::npos ? err.substr(at + last.size()) : err;
  }

  void expect_failure(const std::string& fault, const std::string& arguments, const std::string& message) const {
    const Outcome run = failing(fault, arguments);
    EXPECT_EQ(run.status, kIo) << run.err;
    EXPECT_EQ(run.err, "slalom: " + message + "\n");
  }

  /// Files in the folder, those that shell() makes left out.
  [[nodiscard]] int count_files() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder())) {
      const std::string name = entry.path().filename().string();
      count += name != ".stdout" && name != ".stderr" ? 1 : 0;
    }
    return count;
  }
};

constexpr const char* kTrain = "train --target y --quiet --epochs 1 --out m.safetensors --data ";

TEST_F(Faults, FailingReadsOfDataAreNamed) {
  expect_failure("read EIO 65536", std::string(kTrain) + "plane.csv", "plane.csv: reading failed: Input/output error");
  write("a.libsvm", "1 1:2\n0 2:1\n");
  expect_failure("read EIO 65536", "train --data a.libsvm --target label --out m.safetensors",
                 "a.libsvm: reading failed: Input/output error");
  ASSERT_EQ(shell("gzip -k plane.csv").status, 0);
  expect_failure("read EIO 65536", std::string(kTrain) + "plane.csv.gz",
                 "plane.csv.gz: reading failed: Input/output error");
  EXPECT_FALSE(exists("m.safetensors"));
}

TEST_F(Faults, FailingReadsOfArrowFilesAreNamed) {
  for (const std::string name : {"p.parquet", "p.feather"}) {
    ASSERT_EQ(slalom("predict --model old.safetensors --data plane.csv --out " + name).status, 0);
    expect_failure("pread64 EIO 1024", kTrain + name, name + ": reading failed: Input/output error");
  }
  EXPECT_FALSE(exists("m.safetensors"));
}

TEST_F(Faults, FailingReadsOfModelsAndSettingsAreNamed) {
  expect_failure("read EIO 8191", "inspect old.safetensors", "old.safetensors: reading failed after 0 bytes");
  write("c.toml", "epochs = 1\n");
  expect_failure("read EIO 8191", std::string(kTrain) + "plane.csv --config c.toml",
                 "--config: c.toml: reading failed");
  EXPECT_FALSE(exists("m.safetensors"));
}

TEST_F(Faults, FailingWritesLeaveTheOldModel) {
  const std::string command = "train --data plane.csv --target y --quiet --epochs 2 --out old.safetensors";
  const std::string before = read("old.safetensors");
  const int n_files = count_files();
  for (const auto& [fault, why] :
       {std::pair{"fsync EIO 0", "Input/output error"}, {"rename EIO 0", "Input/output error"}}) {
    const Outcome run = failing(fault, command);
    EXPECT_EQ(run.status, kIo) << run.err;
    EXPECT_TRUE(run.err.starts_with("slalom: old.safetensors: writing failed after ")) << run.err;
    EXPECT_TRUE(run.err.ends_with(std::string(" bytes: ") + why + "\n")) << run.err;
    EXPECT_TRUE(read("old.safetensors") == before) << fault;
    EXPECT_EQ(count_files(), n_files) << fault << " left a file";
  }
}

TEST_F(Faults, AFullDiskLeavesNoPartOfAModel) {
  const int n_files = count_files();
  const std::string large = "train --data plane.csv --target y --quiet --epochs 1 --model mlp --hidden 300,300 ";
  const Outcome run = failing("write ENOSPC 65536", large + "--out m.safetensors");
  EXPECT_EQ(run.status, kIo) << run.err;
  EXPECT_TRUE(run.err.starts_with("slalom: m.safetensors: writing failed after ")) << run.err;
  EXPECT_TRUE(run.err.ends_with(" bytes: No space left on device\n")) << run.err;
  EXPECT_EQ(count_files(), n_files);
}

TEST_F(Faults, WritesCutShortLeaveNoPartOfAnOutput) {
  // A limit of 8 KiB a file: the write that meets it is short, the next one fails.
  const int n_files = count_files();
  const std::string limited = "bash -c \"ulimit -f 8; exec '" SLALOM_BINARY "' ";
  const Outcome model =
      shell(limited + "train --data plane.csv --target y --quiet --epochs 1 --model mlp --hidden 99,99 --out m.st\"");
  EXPECT_EQ(model.status, kIo) << model.err;
  EXPECT_TRUE(model.err.starts_with("slalom: m.st: writing failed after ")) << model.err;
  EXPECT_TRUE(model.err.ends_with(" bytes: File too large\n")) << model.err;
  write("long.csv", plane_csv(5000));
  const Outcome answers = shell(limited + "predict --model old.safetensors --data long.csv --out p.csv\"");
  EXPECT_EQ(answers.status, kIo) << answers.err;
  EXPECT_TRUE(answers.err.ends_with(" bytes: File too large\n")) << answers.err;
  EXPECT_EQ(count_files(), n_files + 1) << "only long.csv is new";
}

TEST_F(Faults, AFailingCheckpointIsSaidAndLeavesNothing) {
  const Outcome run =
      failing("fsync EIO 0", "train --data plane.csv --target y --quiet --epochs 1 --checkpoint-dir ck");
  EXPECT_EQ(run.status, kIo) << run.err;
  EXPECT_TRUE(run.err.starts_with("slalom: --checkpoint-dir: the end of the run is not saved: ck/step-")) << run.err;
  EXPECT_TRUE(run.err.ends_with(" bytes: Input/output error\n")) << run.err;
  EXPECT_TRUE(std::filesystem::is_empty(folder() / "ck"));
}

TEST_F(Faults, ACheckpointThatCannotBeReadIsNotCalledDamaged) {
  const std::string command = "train --data plane.csv --target y --quiet --checkpoint-dir ck ";
  ASSERT_EQ(slalom(command + "--epochs 1").status, 0);
  const Outcome run = failing("read EIO 8191", command + "--epochs 2 --resume");
  EXPECT_EQ(run.status, kIo) << run.err;
  EXPECT_EQ(slalom(command + "--epochs 2 --resume").status, 0);
}

/// A system that starts no more threads: reading does without them, and the OpenMP runtime says what it could not have.
TEST_F(Faults, ThreadsThatCannotBeStartedAreDoneWithout) {
  write("long.csv", plane_csv(60000));  // several blocks
  const std::string train = "train --target y --quiet --epochs 1 --device cpu --data long.csv --threads 1 --out ";
  ASSERT_EQ(slalom(train + "whole.safetensors").status, 0);
  const Outcome alone = failing("clone3 EAGAIN 0", train + "m.safetensors");
  EXPECT_EQ(alone.status, 0) << alone.err;
  EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors"));
  const int n_files = count_files();
  const Outcome crew =
      failing("clone3 EAGAIN 0",
              "train --target y --quiet --epochs 1 --device cpu --data plane.csv --threads 2 --restarts 2 "
              "--out restarts.safetensors");
#if defined(__clang__)  // LLVM's runtime ends by a signal, which slalom leaves alone
  EXPECT_EQ(crew.status, 128 + SIGABRT) << crew.err;
  EXPECT_NE(crew.err.find("OMP: Error #34"), std::string::npos) << crew.err;
#else
  EXPECT_EQ(crew.status, 71) << crew.err;
  EXPECT_NE(crew.err.find("libgomp: Thread creation failed"), std::string::npos) << crew.err;
  EXPECT_NE(crew.err.find("slalom: a library ended the program, for want of memory or threads"), std::string::npos);
#endif
  EXPECT_EQ(count_files(), n_files);
}

TEST_F(Faults, ReadsCutShortChangeNothing) {
  // A pipe that is fed line by line answers every read with a part.
  ASSERT_EQ(shell("mkfifo pipe").status, 0);
  const std::string train = "train --target y --quiet --epochs 1 --device cpu --out ";
  ASSERT_EQ(slalom(train + "whole.safetensors --data plane.csv").status, 0);
  const Outcome run =
      shell("bash -c 'while read -r line; do echo \"$line\"; done < plane.csv > pipe & \"" SLALOM_BINARY "\" " + train +
            "parts.safetensors --data pipe --format csv'");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_TRUE(read("parts.safetensors") == read("whole.safetensors"));
}

}  // namespace
}  // namespace slalom::testing
