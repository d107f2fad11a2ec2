// SPDX-License-Identifier: Apache-2.0
// Checkpoints of slalom train, from the outside.
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include <gmock/gmock.h>

#include "cli/command_line.hpp"
#include "support/sanitized.hpp"

namespace slalom::testing {
namespace {

class CheckpointCommand : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(200));
  }

  /// Names in the folder of checkpoints.
  [[nodiscard]] std::vector<std::string> files(const std::string& name = "ck") const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder() / name)) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  /// The lines of stderr that begin with "note: ", without that.
  static std::vector<std::string> notes_of(const Outcome& run) {
    std::istringstream lines(run.err);
    std::vector<std::string> notes;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("note: ")) notes.push_back(line.substr(6));
    }
    return notes;
  }

  static constexpr const char* kTrain = "train --data plane.csv --target y --device cpu ";  // 3 steps an epoch
};

TEST_F(CheckpointCommand, KeepsTheNewestAndTheBest) {
  // A rate that is too high from the second epoch on: the first is the best.
  ASSERT_EQ(slalom(std::string(kTrain) +
                   "--quiet --no-guard --epochs 6 --lr 0.05 --optimizer sgd --schedule multi-step "
                   "--milestones 3 --factor 30 --checkpoint-dir ck --checkpoint-every 1 --checkpoint-keep 2")
                .status,
            0);
  EXPECT_EQ(files(), (std::vector<std::string>{"step-000000000003.safetensors", "step-000000000015.safetensors",
                                               "step-000000000018.safetensors"}));
}

TEST_F(CheckpointCommand, IsWrittenAsOftenAsAskedAndAtTheEnd) {
  const auto written = [&](const std::string& flags) {
    std::filesystem::remove_all(folder() / "ck");
    EXPECT_EQ(slalom(kTrain + flags + " --quiet --epochs 7 --checkpoint-dir ck --checkpoint-keep 100").status, 0);
    std::vector<int> steps;
    for (const std::string& name : files()) steps.push_back(std::stoi(name.substr(5, 12)));
    return steps;
  };
  EXPECT_EQ(written("--checkpoint-every 3"), (std::vector<int>{9, 18, 21}));
  EXPECT_EQ(written("--checkpoint-every 2epochs"), (std::vector<int>{6, 12, 18, 21}));
  EXPECT_EQ(written("--checkpoint-every 7steps"), (std::vector<int>{9, 18, 21}));  // at the ends of blocks
  EXPECT_EQ(written("--checkpoint-every 1000000000"), (std::vector<int>{21}));
  EXPECT_EQ(written("--checkpoint-every 1000s"), (std::vector<int>{21}));
  EXPECT_EQ(written("--checkpoint-every 0.000000001s"), (std::vector<int>{3, 6, 9, 12, 15, 18, 21}));
  EXPECT_EQ(written(""), (std::vector<int>{21}));
  EXPECT_EQ(written("--restarts 2 --checkpoint-every 4"), (std::vector<int>{24, 42}));
}

TEST_F(CheckpointCommand, AConfigFileTakesTheFlags) {
  write("run.toml",
        "data = \"plane.csv\"\ntarget = \"y\"\nepochs = 4\ncheckpoint-dir = \"ck\"\n"
        "checkpoint-every = \"2 epochs\"\ncheckpoint-keep = 5\n");
  ASSERT_EQ(slalom("train --config run.toml --quiet").status, 0);
  EXPECT_EQ(files().size(), 2U);
}

TEST_F(CheckpointCommand, AnInterruptedRunGoesOn) {
  constexpr int kEpochs = 30000 / kSlowdown;
  const std::string command = "train --data plane.csv --target y --threads 1 --device cpu --batch-size 2 --epochs " +
                              std::to_string(kEpochs) + " ";
  ASSERT_EQ(slalom(command + "--quiet --out whole.safetensors").status, 0);
  for (const char* signal : {"INT", "TERM"}) {
    std::filesystem::remove_all(folder() / "ck");
    const Outcome run = shell("sh -c \"'" SLALOM_BINARY "' " + command +
                              "--metrics run.jsonl --checkpoint-dir ck --out m.safetensors & "
                              "until [ -s run.jsonl ]; do sleep 0.02; done; kill -" +
                              signal + " \\$!; wait \\$!\"");
    ASSERT_EQ(run.status, 130) << run.err;
    ASSERT_EQ(files().size(), 1U);
    const std::string file = "ck/" + files()[0];
    EXPECT_EQ(notes_of(run).back(),
              "interrupted; " + file + " is saved, and the same command with --resume goes on from there");
    EXPECT_FALSE(read("m.safetensors") == read("whole.safetensors"));
    const Outcome rest = slalom(command + "--checkpoint-dir ck --resume --out m.safetensors --json");
    ASSERT_EQ(rest.status, 0) << rest.err;
    EXPECT_TRUE(notes_of(rest).front().starts_with("going on from " + file + ": ")) << rest.err;
    EXPECT_EQ(rest.json().at("resumed_from"), file);
    EXPECT_EQ(rest.json().at("steps").get<int>(), kEpochs * 80);
    EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors"));
    std::filesystem::remove(folder() / "run.jsonl");
  }
}

TEST_F(CheckpointCommand, BeginsAnewWhereThereIsNone) {
  const Outcome run = slalom(std::string(kTrain) + "--epochs 2 --checkpoint-dir new/ck --resume --out m.safetensors");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(notes_of(run).front(), "--resume: new/ck holds no checkpoint; training starts at the beginning");
  ASSERT_EQ(slalom(std::string(kTrain) + "--epochs 2 --quiet --out other.safetensors").status, 0);
  EXPECT_TRUE(read("m.safetensors") == read("other.safetensors"));
}

TEST_F(CheckpointCommand, DamagedOnesAreSetAsideAndTheOneBeforeIsUsed) {
  const std::string command = std::string(kTrain) + "--epochs 5 --checkpoint-dir ck --checkpoint-every 1 ";
  ASSERT_EQ(slalom(std::string(kTrain) + "--epochs 5 --quiet --out whole.safetensors").status, 0);
  ASSERT_EQ(slalom(command + "--quiet").status, 0);
  const std::string last = "ck/step-000000000015.safetensors", middle = "ck/step-000000000012.safetensors";
  const std::string whole = read(last);
  write(last, whole.substr(0, whole.size() - 5));
  std::string flipped = read(middle);
  flipped[flipped.size() - 100] ^= 4;
  write(middle, flipped);
  const Outcome run = slalom(command + "--resume --out m.safetensors");
  ASSERT_EQ(run.status, 0) << run.err;
  const std::vector<std::string> notes = notes_of(run);
  ASSERT_GE(notes.size(), 3U) << run.err;
  EXPECT_EQ(notes[0], last + ": truncated: found " + std::to_string(whole.size() - 5) + " bytes, expected " +
                          std::to_string(whole.size()) +
                          " (now called step-000000000015.safetensors.damaged); the checkpoint before it is used");
  EXPECT_TRUE(notes[1].starts_with(middle + ": damaged: the checksum of its content is ")) << notes[1];
  EXPECT_EQ(notes[2], "going on from ck/step-000000000009.safetensors: 3 epochs and 9 steps are done");
  EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors"));
  // All of them damaged: the beginning.
  for (const std::string& name : files()) write("ck/" + name, "");
  const Outcome anew = slalom(command + "--resume --out m.safetensors");
  ASSERT_EQ(anew.status, 0) << anew.err;
  EXPECT_NE(anew.err.find("note: --resume: ck holds no good checkpoint; training starts at the beginning\n"),
            std::string::npos)
      << anew.err;
  EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors"));
}

TEST_F(CheckpointCommand, RefusesWhatCannotBeMeant) {
  const std::string command = std::string(kTrain) + "--quiet --epochs 2 --out m.safetensors ";
  const auto usage = [&](const std::string& flags, const std::string& message) {
    expect_error(command + flags, 64, message, "m.safetensors");
  };
  for (const char* wrong : {"0", "-1", "x", "5minutes", "s", "''"}) {
    const Outcome run = slalom(command + "--checkpoint-dir ck --checkpoint-every " + wrong);
    EXPECT_EQ(run.status, 64) << wrong;
    EXPECT_NE(run.err.find("--checkpoint-every: found "), std::string::npos) << run.err;
  }
  usage("--checkpoint-dir ck --checkpoint-every 5minutes",
        "--checkpoint-every: found '5minutes', expected a number above 0 of epochs (5), steps (500steps) or seconds "
        "(30s)");
  usage("--checkpoint-dir ck --checkpoint-every 1.5",
        "--checkpoint-every: found 1.5, expected whole epochs or steps, or seconds, above 0");
  usage("--checkpoint-dir ck --checkpoint-keep 0", "--checkpoint-keep: found 0, expected a number >= 1");
  usage("--resume", "--resume: found without --checkpoint-dir, expected the folder of the checkpoints");
  EXPECT_FALSE(exists("ck"));
  ASSERT_EQ(slalom(std::string(kTrain) + "--quiet --epochs 2 --checkpoint-dir ck").status, 0);
  usage("--checkpoint-dir ck",
        "--checkpoint-dir: found checkpoints of an earlier run in ck (the newest is step-000000000006.safetensors); "
        "give --resume to go on from there, or another folder to begin anew");
  usage("--checkpoint-dir ck --resume --lr 0.5",
        "--resume: ck/step-000000000006.safetensors was made with other settings: --lr: found 0.001, expected 0.5");
  write("plane.csv", plane_csv(201));
  expect_error(command + "--checkpoint-dir ck --resume", 65,
               "--resume: ck/step-000000000006.safetensors was made with other data: number of training rows: found "
               "160, expected 161",
               "m.safetensors");
  expect_error(command + "--checkpoint-dir plane.csv", 73, "--checkpoint-dir: plane.csv: is a file, expected a folder",
               "m.safetensors");
}

TEST_F(CheckpointCommand, AVanishedDataFileLosesNothing) {
  ASSERT_EQ(slalom(std::string(kTrain) + "--quiet --epochs 2 --checkpoint-dir ck").status, 0);
  const std::vector<std::string> before = files();
  std::filesystem::rename(folder() / "plane.csv", folder() / "away.csv");
  expect_error(std::string(kTrain) + "--quiet --epochs 4 --checkpoint-dir ck --resume", 66, "plane.csv: no such file",
               "m.safetensors");
  EXPECT_EQ(files(), before);
  std::filesystem::rename(folder() / "away.csv", folder() / "plane.csv");
  EXPECT_EQ(slalom(std::string(kTrain) + "--quiet --epochs 4 --checkpoint-dir ck --resume").status, 0);
}

TEST_F(CheckpointCommand, AReadOnlyFolderIsFoundBeforeTraining) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write to any folder";
  std::filesystem::create_directory(folder() / "ck");
  std::filesystem::permissions(folder() / "ck",
                               std::filesystem::perms::owner_read | std::filesystem::perms::owner_exec);
  expect_error(std::string(kTrain) + "--quiet --checkpoint-dir ck --out m.safetensors", 73,
               "--checkpoint-dir: ck: cannot be written to: Permission denied", "m.safetensors");
}

TEST_F(CheckpointCommand, AReadOnlyFileSystemIsFoundBeforeTraining) {
  const std::string mounted = "unshare -rm sh -c 'mkdir -p ro && mount -t tmpfs -o ro none ro";
  const Outcome possible = shell(mounted + "'");
  if (possible.status != 0) GTEST_SKIP() << "no file system may be mounted here: " << possible.err;
  const Outcome run =
      shell(mounted + " && \"" SLALOM_BINARY "\" " + kTrain + "--quiet --checkpoint-dir ro --out m.safetensors'");
  EXPECT_EQ(run.status, 73);
  EXPECT_EQ(run.err, "slalom: --checkpoint-dir: ro: cannot be written to: Read-only file system\n");
  EXPECT_FALSE(exists("m.safetensors"));
}

TEST_F(CheckpointCommand, FailingWritesCostTheCheckpointNotTheModel) {
  // A shell's file size limit is in blocks of 512 or 1024 bytes: the model fits, a checkpoint with its settings and
  // Adam's state does not.
  const std::string command =
      std::string(kTrain) + "--model mlp --hidden 20 --epochs 6 --checkpoint-dir ck --checkpoint-every 1 --out ";
  ASSERT_EQ(slalom(std::string(kTrain) + "--quiet --model mlp --hidden 20 --epochs 6 --out whole.safetensors").status,
            0);
  const std::string limited = "bash -c \"ulimit -f 3; exec '" SLALOM_BINARY "' " + command + "m.safetensors\"";
  const Outcome run = shell(limited);
  EXPECT_EQ(run.status, 74) << run.err;
  EXPECT_TRUE(read("m.safetensors") == read("whole.safetensors"));
  EXPECT_TRUE(files().empty()) << files().front();
  const std::string why = "writing failed after ";
  EXPECT_NE(run.err.find(
                "slalom: --checkpoint-dir: the end of the run is not saved: ck/step-000000000018.safetensors: " + why),
            std::string::npos)
      << run.err;
  EXPECT_NE(run.err.find("note: ck/step-000000000003.safetensors: " + why), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("File too large; training goes on without a checkpoint"), std::string::npos) << run.err;
}

TEST_F(CheckpointCommand, AFullDiskKeepsTheLastGoodCheckpoint) {
  const Outcome possible = shell("unshare -rm sh -c 'mkdir -p full && mount -t tmpfs -o size=128k none full'");
  if (possible.status != 0) GTEST_SKIP() << "no file system may be mounted here: " << possible.err;
  // A checkpoint takes about 34 kB: the fourth does not fit beside the others, which stay.
  const std::string command =
      std::string(kTrain) + "--model mlp --hidden 32,32 --epochs 6 --checkpoint-every 1 --checkpoint-keep 100 ";
  const Outcome run =
      shell("unshare -rm sh -c 'mount -t tmpfs -o size=128k none full && \"" SLALOM_BINARY "\" " + command +
            "--checkpoint-dir full/ck --out m.safetensors; status=$?; cp -r full/ck .; exit $status'");
  EXPECT_EQ(run.status, 74) << run.err;
  EXPECT_NE(run.err.find("No space left on device; training goes on without a checkpoint"), std::string::npos)
      << run.err;
  EXPECT_THAT(files(), ::testing::ElementsAre("step-000000000003.safetensors", "step-000000000006.safetensors",
                                              "step-000000000009.safetensors"));
  // With room again, the run goes on from the last of them to the model that it came to without.
  const std::string model = read("m.safetensors");
  const Outcome rest = slalom(command + "--checkpoint-dir ck --resume --out m.safetensors");
  ASSERT_EQ(rest.status, 0) << rest.err;
  EXPECT_EQ(notes_of(rest).front(), "going on from ck/step-000000000009.safetensors: 3 epochs and 9 steps are done");
  EXPECT_TRUE(read("m.safetensors") == model);
}

}  // namespace
}  // namespace slalom::testing
