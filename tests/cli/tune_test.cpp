// SPDX-License-Identifier: Apache-2.0
// slalom tune from the command line: table, JSON, configuration, interruption, bad flags.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>

#include <gmock/gmock.h>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kFast = "tune --data data.csv --target y --batch-sizes 16,all --epochs 4 --measure-time 0.003 ";

class Tune : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("data.csv", plane_csv(300));
  }
};

TEST_F(Tune, PrintsATableWithOneRowMarked) {
  const Outcome run = slalom(std::string(kFast) + "--optimizers adam,sgd");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("240 training rows, 60 validation rows"));
  EXPECT_THAT(run.out, HasSubstr("batch  optimizer"));
  EXPECT_THAT(run.out, HasSubstr("lowest valid loss"));
  EXPECT_THAT(run.out, HasSubstr("<- recommended"));
  EXPECT_EQ(run.out.find("<- recommended"), run.out.rfind("<- recommended"));
  EXPECT_THAT(run.out, HasSubstr("recommended: batch size "));
  EXPECT_THAT(run.out, HasSubstr("gradient noise scale (batches of 3 and 192): "));
  EXPECT_THAT(run.out, HasSubstr("(the best seen + 1 %)"));
  EXPECT_THAT(run.err, HasSubstr("range tests on cpu: 4/4\n"));
  EXPECT_THAT(run.err, HasSubstr("training 12 members on cpu: epoch 4/4, lowest loss "));
  EXPECT_THAT(run.err, Not(HasSubstr("\r")));
}

TEST_F(Tune, PrintsOneJsonObject) {
  const Outcome run = slalom(std::string(kFast) + "--json --quiet --repeats 2 --lrs 0.01,0.1 --target-loss 1e9");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  const nlohmann::json json = run.json();
  EXPECT_EQ(json.dump(), nlohmann::json::parse(run.out).dump()) << "nothing but the object";
  EXPECT_EQ(json["train_rows"], 240);
  EXPECT_EQ(json["target_loss"], 1e9);
  EXPECT_EQ(json["target_given"], true);
  EXPECT_EQ(json["interrupted"], false);
  ASSERT_EQ(json["rows"].size(), 4U);
  for (const nlohmann::json& row : json["rows"]) {
    EXPECT_EQ(row["runs"].size(), 2U);
    EXPECT_EQ(row["runs_that_reached_target"], 2);
    EXPECT_EQ(row["epochs_to_target"]["median"], 1.0);
    EXPECT_GT(row["seconds_to_target"]["median"], 0.0);
    EXPECT_GT(row["speed"]["samples_per_second"], 0.0);
    EXPECT_EQ(row["runs"][0]["curve"][0]["epoch"], 1.0);
  }
  EXPECT_EQ(json["rows"][0]["batch_size"], 16);
  EXPECT_EQ(json["rows"][3]["batch_size"], "all");
  EXPECT_EQ(json["rows"][3]["lr"], 0.1);
  EXPECT_LT(json["recommended"], 4);
  EXPECT_EQ(json["noise"]["points"].size(), 4U);
}

TEST_F(Tune, WritesAConfigurationThatTrainsAsTheRowDid) {
  const Outcome tuned =
      slalom(std::string(kFast) +
             "--json --quiet --no-early-stop --drop colour --valid-fraction 0.25 --clip-norm 5 --l2s 0,0.001 "
             "--delimiter , --no-shuffle --seed 7 --threads 1 --max-time 1000 --out-config best.toml");
  ASSERT_EQ(tuned.status, 0) << tuned.err;
  const nlohmann::json json = tuned.json();
  const nlohmann::json& row = json["rows"][json["recommended"].get<std::size_t>()];
  const std::string config = read("best.toml");
  EXPECT_EQ(config.find("# slalom tune recommends: batch size "), 0U) << config;
  EXPECT_THAT(config, Not(HasSubstr("max-time")));
  const Outcome trained = slalom("train --config best.toml --json --quiet");
  ASSERT_EQ(trained.status, 0) << trained.err << config;
  double lowest = INFINITY;
  for (const nlohmann::json& point : row["runs"][0]["curve"]) lowest = std::min(lowest, point["loss"].get<double>());
  EXPECT_EQ(trained.json()["valid"]["loss"], lowest) << config;
  EXPECT_EQ(trained.json()["seed"], 7);
  EXPECT_EQ(trained.json()["device"], "cpu");
}

TEST_F(Tune, WritesConfigurationsOfAwkwardValues) {
  write("odd name's.csv", "a b;it's;the \"y\"\n1;x;2\n2;y;4\n3;x;6\n4;y;8\n5;x;10\n6;y;12\n7;x;14\n8;y;16\n");
  const Outcome tuned = slalom(
      "tune --data \"odd name's.csv\" --target -1 --delimiter semicolon --features 'a b',\"it's\" --batch-sizes 2 "
      "--epochs 2 --repeats 1 --lr 0.01 --measure-time 0.001 --model mlp --hidden 4,3 --quiet --out-config best.toml");
  ASSERT_EQ(tuned.status, 0) << tuned.err;
  const Outcome trained = slalom("train --config best.toml --json --quiet");
  EXPECT_EQ(trained.status, 0) << trained.err << read("best.toml");
}

TEST_F(Tune, TakesItsFlagsFromAConfigurationToo) {
  write("tune.toml",
        "data = \"data.csv\"\ntarget = \"y\"\nbatch-sizes = [16, 32]\nrepeats = 1\nepochs = 2\n"
        "measure-time = 0.001\nlr = 0.01\n");
  const Outcome run = slalom("tune --config tune.toml --json --quiet");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["rows"].size(), 2U);
  EXPECT_EQ(run.json()["rows"][0]["lr"], 0.01) << "a rate that is given is not searched";
}

TEST_F(Tune, KeepsWhatWasMeasuredWhenInterrupted) {
  const Outcome run =
      shell(std::string("sh -c \"'" SLALOM_BINARY "' tune --data data.csv --target y --batch-sizes 1 ") +
            "--epochs 1000000 --repeats 1 --no-early-stop --measure-time 0.003 --json --out-config "
            "best.toml > out.txt 2> err.txt & pid=\\$!; "
            "until grep -q 'epoch 1/' err.txt; do sleep 0.02; done; kill -INT \\$pid; wait \\$pid; "
            "status=\\$?; tail -n 1 out.txt; exit \\$status\"");
  EXPECT_EQ(run.status, 130) << run.err;
  const nlohmann::json json = run.json();
  EXPECT_EQ(json["interrupted"], true);
  EXPECT_EQ(json["rows"][0]["runs"][0]["stopped"], "interrupted");
  EXPECT_GE(json["rows"][0]["runs"][0]["curve"].size(), 1U);
  EXPECT_EQ(json["recommended"], 0);
  EXPECT_THAT(read("out.txt"), HasSubstr("<- recommended, interrupted after "));
  EXPECT_THAT(read("best.toml"), HasSubstr("batch-size = \"1\"\n"));
}

TEST_F(Tune, EndsInTimeIfItIsToldTo) {
  const Outcome run = slalom(
      "tune --data data.csv --target y --batch-sizes 1 --lr 0.01 --epochs 100000000 --no-early-stop "
      "--measure-time 0.003 --repeats 1 --max-time 1");
  EXPECT_TRUE(run.status == 0 || run.status == 65) << run.err;  // 65: so slow that nothing was measured
  EXPECT_THAT(run.err, HasSubstr("note: --max-time 1 ended tuning before all was measured\n"));
}

TEST_F(Tune, FailsWithoutARecommendation) {
  const Outcome run = slalom(
      "tune --data data.csv --target y --batch-sizes 16 --epochs 4 --measure-time 0.003 --quiet --optimizers sgd "
      "--lr 1e30 --out-config best.toml");
  EXPECT_EQ(run.status, 65);
  EXPECT_EQ(run.err, "slalom: tune: no recommendation: no run ended an epoch with a finite loss\n");
  EXPECT_FALSE(exists("best.toml"));
}

TEST_F(Tune, DoesNotWriteOverItsData) {
  const Outcome run = slalom(std::string(kFast) + "--quiet --out-config data.csv");
  EXPECT_EQ(run.status, 64);
  EXPECT_EQ(run.err, "slalom: --out-config: data.csv is also the file of --data, expected another one\n");
  EXPECT_EQ(read("data.csv"), plane_csv(300));
}

TEST_F(Tune, WorksWithClasses) {
  write("classes.csv", [] {
    std::string csv = "a,b,y\n";
    TestNumbers numbers(4);
    for (int i = 0; i < 300; ++i) {
      const double a = numbers.next(), b = numbers.next();
      csv += std::to_string(a) + "," + std::to_string(b) + "," + (a + 0.3 * numbers.next() > b ? "yes" : "no") + "\n";
    }
    return csv;
  }());
  const Outcome run =
      slalom("tune --data classes.csv --target y --model logistic --epochs 3 --measure-time 0.003 --json");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json()["rows"].size(), 1U) << "16 leaves 15 steps an epoch, 32 fewer than 8";
}

struct BadFlags {
  const char* name;
  const char* flags;
  int status;
  const char* message;
};

class BadTuning : public CommandLine, public ::testing::WithParamInterface<BadFlags> {};

TEST_P(BadTuning, IsRefusedWithAMessage) {
  write("data.csv", plane_csv(100));
  expect_error(std::string("tune --data data.csv --target y --out-config c.toml --quiet --json ") + GetParam().flags,
               GetParam().status, GetParam().message, "c.toml");
}

INSTANTIATE_TEST_SUITE_P(
    Flags, BadTuning,
    ::testing::Values(
        BadFlags{"BatchOfZero", "--batch-sizes 16,0", 64,
                 "--batch-sizes: found '0', expected auto, or numbers >= 1 and all: 16,64,all"},
        BadFlags{"BatchOfText", "--batch-sizes big", 64,
                 "--batch-sizes: found 'big', expected auto, or numbers >= 1 and all: 16,64,all"},
        BadFlags{"BatchBeyondData", "--batch-sizes 1000", 64,
                 "--batch-sizes: found 1000, expected at most 80 (the training rows) or all"},
        BadFlags{"UnknownDevice", "--devices cpu,tpu", 64,
                 "--devices: found 'tpu', expected some of reference, cpu, cuda"},
        BadFlags{"DeviceAuto", "--devices auto", 64, "--devices: found 'auto', expected cpu, cuda or reference"},
        BadFlags{"UnknownOptimizer", "--optimizers adam,best", 64,
                 "--optimizers: found 'best', expected some of sgd, momentum, nesterov, adagrad, rmsprop, adam, "
                 "amsgrad, adamw, nadam, lion, ftrl, averaged-sgd"},
        BadFlags{"RatesOfText", "--lrs 0.1,x", 64,
                 "--lrs: found 'x', expected numbers (1e-4,1e-3) or one range (1e-4:1e-1, in a grid also "
                 "1e-4:1e-1:POINTS)"},
        BadFlags{"RangeInList", "--lrs 0.1,0.2:0.4", 64,
                 "--lrs: found '0.2:0.4', expected numbers (1e-4,1e-3) or one range (1e-4:1e-1, in a grid also "
                 "1e-4:1e-1:POINTS)"},
        BadFlags{"RangeBackwards", "--l2s 1:0.1", 64, "--l2s: found '1:0.1', expected LOW:HIGH with 0 < LOW < HIGH"},
        BadFlags{"NegativeRate", "--lrs -1", 64, "--lrs: found -1, expected numbers > 0"},
        BadFlags{"RateAndFind", "--lr 0.1 --lr-rule find", 64,
                 "--lr and --lr-rule find: found both, expected one of them"},
        BadFlags{"RatesAndFind", "--lrs 0.1 --lr-rule find", 64,
                 "--lrs and --lr-rule find: found both, expected one of them"},
        BadFlags{"NothingToSearch", "--search random", 64,
                 "--search random: found nothing to search, expected --lrs, --optimizers, --l1s or --l2s"},
        BadFlags{"NoRepeats", "--repeats 0", 64, "--repeats: found 0, expected 1 to 100"},
        BadFlags{"NoTrials", "--search random --lrs 0.1,0.2 --trials 0", 64, "--trials: found 0, expected 1 to 10000"},
        BadFlags{"TargetNotANumber", "--target-loss nan", 64, "--target-loss: found nan, expected a finite number"},
        BadFlags{"NoTimeToMeasure", "--measure-time 0", 64,
                 "--measure-time: found 0, expected seconds above 0, at most 3600"},
        BadFlags{"TooManyRuns", "--lrs 1e-4:1e-1:1000 --l1s 1e-4:1e-1:1000", 64,
                 "tune: found 3000000 runs (settings x batch sizes x devices x repeats), expected at most 10000"},
        BadFlags{"NoEpochs", "--epochs 0", 64, "--epochs: found 0, expected a number >= 1"}),
    [](const ::testing::TestParamInfo<BadFlags>& parameter) { return parameter.param.name; });

TEST_F(Tune, FindsOutBeforeTheWorkThatAnOutputCannotBeWritten) {
  const Outcome run = slalom("tune --data none.csv --target y --quiet --out-config missing/best.toml");
  EXPECT_EQ(run.status, 73);
  EXPECT_THAT(run.err, HasSubstr("missing/best.toml"));
}

TEST_F(Tune, NamesADeviceThatIsNotThere) {
  const Outcome devices = slalom("devices");
  if (devices.out.find("cuda:0") != std::string::npos) GTEST_SKIP() << "this machine has a CUDA device";
  const Outcome run = slalom(std::string(kFast) + "--quiet --devices cpu,cuda");
  EXPECT_EQ(run.status, 69);
  EXPECT_THAT(run.err, HasSubstr("--device cuda: "));
}

}  // namespace
}  // namespace slalom::testing
