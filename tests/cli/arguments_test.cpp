// SPDX-License-Identifier: Apache-2.0
// Values that no number type holds, unknown words, outputs that would overwrite an input, and outputs that fail.
#include <sys/wait.h>

#include <array>
#include <cstdlib>
#include <filesystem>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class Arguments : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("data.csv", kData);
  }
  /// Expects that `slalom train` refuses `flags` with exit code 64 and exactly this message.
  void expect_refused(const std::string& flags, const std::string& message) {
    const Outcome run = slalom("train --data data.csv --target y --valid-fraction 0 --quiet " + flags);
    EXPECT_EQ(run.status, 64) << flags;
    EXPECT_EQ(run.err, "slalom: " + message + "\n") << flags;
    EXPECT_EQ(read("data.csv"), kData) << flags;
  }
  static constexpr const char* kData = "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n";
};

constexpr const char* kHelp = " (see 'slalom train --help')";

/// Words in turn, so that every flag is given some of them and every one of them goes to some flags: one function reads them
/// for all flags of a type.
template <std::size_t n>
class InTurn {
 public:
  explicit InTurn(const std::array<const char*, n>& words) : words_(words) {}
  const char* next() { return words_[at_++ % n]; }

 private:
  std::array<const char*, n> words_;
  std::size_t at_ = 0;
};

TEST_F(Arguments, WholeNumbersAreDecimalAndOfTheirTypesRange) {
  InTurn<9> wrong({"1.5", "nan", "inf", "1e400", "0x10", "ten", "3 4", " 3", "+-3"});
  for (const char* flag : {"--epochs", "--max-steps", "--patience", "--warmup-steps", "--step-every", "--restarts",
                           "--folds", "--average-start", "--plateau-patience", "--plateau-cooldown", "--log-every",
                           "--hidden", "--milestones", "--threads", "--max-categories"}) {
    const std::string name = flag;
    for (int i = 0; i < 2; ++i) {
      const std::string text = wrong.next();
      expect_refused(name + "='" + text + "'", name + ": found '" + text + "', expected a whole number" + kHelp);
    }
    expect_refused(name + "=99999999999999999999",
                   name + ": found '99999999999999999999', expected a whole number of at most 64 bits" + kHelp);
    expect_refused(name + " ''", name + ": found an empty value" + kHelp);
  }
}

TEST_F(Arguments, SeedsAreNeitherWrappedNorClamped) {
  expect_refused("--seed=-1", std::string("--seed: found '-1', expected a whole number >= 0") + kHelp);
  expect_refused("--seed 99999999999999999999",
                 std::string("--seed: found '99999999999999999999', expected a whole number >= 0, at most "
                             "18446744073709551615") +
                     kHelp);
  EXPECT_EQ(slalom("train --data data.csv --target y --quiet --seed 18446744073709551615").status, 0);
}

TEST_F(Arguments, NumbersAreWhatAFloat64CanHold) {
  InTurn<6> wrong({"fast", "0x1p3", "1,5", "1.5.2", " 1", "--1"});
  InTurn<3> too_far({"1e400", "-1e400", "1e-400"});
  for (const char* flag : {"--lr",
                           "--momentum",
                           "--dampening",
                           "--beta1",
                           "--beta2",
                           "--rho",
                           "--epsilon",
                           "--lr-decay",
                           "--initial-accumulator",
                           "--ftrl-beta",
                           "--weight-decay",
                           "--l1",
                           "--l2",
                           "--clip-norm",
                           "--clip-value",
                           "--factor",
                           "--power",
                           "--min-lr",
                           "--end-factor",
                           "--pct-start",
                           "--div-factor",
                           "--final-div-factor",
                           "--plateau-threshold",
                           "--max-time",
                           "--tol",
                           "--valid-fraction",
                           "--huber-delta",
                           "--quantile",
                           "--dropout",
                           "--init-scale"}) {
    const std::string name = flag;
    // --valid-fraction is given twice here, which is refused before its value is read.
    if (name == "--valid-fraction") continue;
    const std::string word = wrong.next(), number = too_far.next();
    expect_refused(name + "='" + word + "'", name + ": found '" + word + "', expected a number" + kHelp);
    expect_refused(name + "=" + number,
                   name + ": found '" + number + "', expected a number that a float64 can hold" + kHelp);
    expect_refused(name + " ''", name + ": found an empty value" + kHelp);
    // What is a number but no sensible one is refused by the setting's own check.
    for (const char* text : {"nan", "inf", "-inf", "-1"}) {
      const Outcome run = slalom("train --data data.csv --target y --quiet " + name + "=" + text);
      EXPECT_EQ(run.status, 64) << name << "=" << text;
      EXPECT_EQ(run.err.find("slalom: " + name + ": found "), 0U) << run.err;
    }
  }
}

TEST_F(Arguments, UnknownWordsAreNamed) {
  const Outcome command = slalom("traim --data data.csv");
  EXPECT_EQ(command.status, 64);
  EXPECT_EQ(command.err,
            "slalom: found the command 'traim', expected one of train, tune, lr-find, predict, evaluate, inspect, "
            "export, report, landscape, devices, demo, completion, man\n");
  EXPECT_EQ(slalom("").err,
            "slalom: found no command, expected one of train, tune, lr-find, predict, evaluate, inspect, export, "
            "report, landscape, devices, demo, completion, man (see 'slalom --help')\n");
  EXPECT_EQ(slalom("--faster train").err, "slalom: --faster: there is no such flag (see 'slalom --help')\n");
  expect_refused("--learning-rate=1", std::string("--learning-rate: there is no such flag") + kHelp);
  expect_refused("-e 3", std::string("-e: there is no such flag") + kHelp);
  expect_refused("--optimizer magic",
                 std::string("--optimizer: found 'magic', expected one of sgd, momentum, nesterov, adagrad, rmsprop, "
                             "adam, amsgrad, adamw, nadam, lion, ftrl, averaged-sgd") +
                     kHelp);
  expect_refused("--format xlsx",
                 std::string("--format: found 'xlsx', expected one of csv, parquet, feather, npy, libsvm") + kHelp);
  expect_refused("--hidden 8 8", std::string("found '8' without a flag before it") + kHelp);
  expect_refused("more.csv", std::string("found 'more.csv' without a flag before it") + kHelp);
}

TEST_F(Arguments, MisspeltFlagsGetTheNearestOne) {
  expect_refused("--modle mlp", std::string("--modle: there is no such flag; did you mean --model?") + kHelp);
  expect_refused("--batch_size=8",
                 std::string("--batch_size: there is no such flag; did you mean --batch-size?") + kHelp);
  expect_refused("--valid-frac 0.1",
                 std::string("--valid-frac: there is no such flag; did you mean --valid-fraction?") + kHelp);
  expect_refused("-lr 1", std::string("-lr: there is no such flag; did you mean --lr?") + kHelp);
  // A flag that is missing because it is misspelt.
  EXPECT_EQ(slalom("train --date data.csv --target y").err,
            "slalom: --date: there is no such flag; did you mean --data? (see 'slalom train --help')\n");
}

TEST_F(Arguments, FlagsStandOnceAndHaveAValue) {
  expect_refused("--epochs", std::string("--epochs: found no value, expected one") + kHelp);
  expect_refused("--epochs 1 --epochs 2", std::string("--epochs: found more than once") + kHelp);
  EXPECT_EQ(slalom("train --data data.csv").err,
            "slalom: --target: missing, expected a column name or index (-1 is the last column)\n");
}

TEST_F(Arguments, NamesWithCommasStandInQuotes) {
  write("odd.csv", "\"a, b\",\"c \"\"d\"\"\",y\n1,5,2\n2,4,4\n3,9,6\n4,1,8\n");
  const std::string command = "train --data odd.csv --target y --valid-fraction 0 --epochs 1 --quiet ";
  ASSERT_EQ(slalom(command + "--features 1 --out index.safetensors").status, 0);
  const Outcome dropped = slalom(command + "--drop '\"a, b\"' --out name.safetensors");
  ASSERT_EQ(dropped.status, 0) << dropped.err;
  EXPECT_TRUE(read("index.safetensors") == read("name.safetensors"));
  const Outcome kept = slalom(command + "--features '\"c \"\"d\"\"\"' --out kept.safetensors");
  ASSERT_EQ(kept.status, 0) << kept.err;
  EXPECT_TRUE(read("index.safetensors") == read("kept.safetensors"));
  EXPECT_EQ(slalom(command + "--drop '\"a, b\",0'").status, 0);
  EXPECT_EQ(slalom(command + "--drop '\"a, b'").err,
            "slalom: --drop: found \"a, b, expected every quote to be closed\n");
  EXPECT_EQ(slalom(command + "--drop 0,").err, "slalom: --drop: found 0,, expected a name beside every comma\n");
  write("run.toml", "drop = [\"a, b\", \"0\"]\n");  // a list of names needs no quotes of its own
  const Outcome config = slalom(command + "--config run.toml --out config.safetensors");
  ASSERT_EQ(config.status, 0) << config.err;
  EXPECT_TRUE(read("index.safetensors") == read("config.safetensors"));
}

TEST_F(Arguments, OutputsNeverOverwriteInputs) {
  write("valid.csv", kData);
  write("run.toml", "epochs = 1\n");
  std::filesystem::create_symlink("data.csv", folder() / "link.csv");
  expect_refused("--out data.csv", "--out: data.csv is also the file of --data, expected another one");
  expect_refused("--out ./link.csv", "--out: ./link.csv is also the file of --data, expected another one");
  expect_refused("--metrics data.csv", "--metrics: data.csv is also the file of --data, expected another one");
  expect_refused("--valid valid.csv --out valid.csv",
                 "--out: valid.csv is also the file of --valid, expected another one");
  expect_refused("--config run.toml --metrics run.toml",
                 "--metrics: run.toml is also the file of --config, expected another one");
  expect_refused("--out new.safetensors --metrics ../" + folder().filename().string() + "/new.safetensors",
                 "--metrics: ../" + folder().filename().string() +
                     "/new.safetensors is also the file of --out, expected another one");
  ASSERT_EQ(slalom("train --data data.csv --target y --quiet --out m.safetensors").status, 0);
  const std::string model = read("m.safetensors");
  const Outcome data = slalom("predict --model m.safetensors --data data.csv --out data.csv");
  EXPECT_EQ(data.status, 64);
  EXPECT_EQ(data.err, "slalom: --out: data.csv is also the file of --data, expected another one\n");
  const Outcome onto_model = slalom("predict --model m.safetensors --data data.csv --out m.safetensors");
  EXPECT_EQ(onto_model.status, 64);
  EXPECT_EQ(onto_model.err, "slalom: --out: m.safetensors is also the file of --model, expected another one\n");
  EXPECT_EQ(read("data.csv"), kData);
  EXPECT_EQ(read("m.safetensors"), model);
}

struct BadOutput {
  const char* flags;
  int status;
  const char* message;
};

TEST_F(Arguments, OutputsThatCannotBeWrittenAreFoundBeforeTraining) {
  write("file", "");
  const BadOutput cases[] = {
      {"--out nowhere/m.safetensors", 73, "nowhere/m.safetensors: cannot be written: there is no directory nowhere"},
      {"--out .", 73, ".: cannot be written: it is a directory"},
      {"--out file/m.safetensors", 73, "file/m.safetensors: cannot be written: there is no directory file"},
      {"--metrics nowhere/run.jsonl", 73, "--metrics: nowhere/run.jsonl cannot be created"},
      {"--metrics .", 73, "--metrics: . cannot be created"},
      {"--tensorboard file", 73, "--tensorboard: file: cannot create the folder: Not a directory"},
      {"--tensorboard /proc/board", 73,
       "--tensorboard: /proc/board: cannot create the folder: No such file or directory"},
  };
  for (const BadOutput& bad : cases) {
    // The data file is missing too: the output is looked at first.
    const Outcome run = slalom(std::string("train --data none.csv --target y --quiet --json ") + bad.flags);
    EXPECT_EQ(run.status, bad.status) << bad.flags;
    EXPECT_EQ(run.err, std::string("slalom: ") + bad.message + "\n");
    EXPECT_EQ(run.out, "");
  }
}

TEST_F(Arguments, AFullDiskIsAnInputOutputError) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "no /dev/full on this system";
  const Outcome model = slalom("train --data data.csv --target y --quiet --out /dev/full");
  EXPECT_EQ(model.status, 74) << model.err;
  EXPECT_NE(model.err.find("/dev/full: writing failed"), std::string::npos) << model.err;
  const Outcome metrics = slalom("train --data data.csv --target y --quiet --metrics /dev/full");
  EXPECT_EQ(metrics.status, 74) << metrics.err;
  EXPECT_EQ(metrics.err, "slalom: --metrics: /dev/full cannot be written (disk full?)\n");
  const std::string command = "cd '" + folder().string() + "' && '" SLALOM_BINARY "' devices > /dev/full 2> err";
  EXPECT_EQ(WEXITSTATUS(std::system(command.c_str())), 74);
  EXPECT_EQ(read("err"), "slalom: standard output: writing failed (disk full, or the reader is gone)\n");
}

TEST_F(Arguments, JsonWithQuietIsAllOfStdout) {
  const Outcome run = slalom("train --data data.csv --target y --json --quiet --valid-fraction 0");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.out.find('{'), 0U);
  EXPECT_EQ(run.out.find('\n'), run.out.size() - 1);
  const Outcome loud = slalom("train --data data.csv --target y --json --valid-fraction 0");
  ASSERT_EQ(loud.status, 0) << loud.err;
  EXPECT_NE(loud.out.find("bound by "), std::string::npos);
  EXPECT_EQ(loud.json().at("train").at("rows").get<int>(), 6);
}

TEST_F(Arguments, CudaIsNotThereYet) {
  const Outcome run = slalom("train --data data.csv --target y --quiet --device cuda");
  EXPECT_EQ(run.status, 69);
  EXPECT_EQ(run.err.find("slalom: --device cuda: "), 0U) << run.err;
  EXPECT_EQ(slalom("train --data data.csv --target y --quiet --device auto").status, 0);
}

}  // namespace
}  // namespace slalom::testing
