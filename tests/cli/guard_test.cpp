// SPDX-License-Identifier: Apache-2.0
// A learning rate that was right, data that changed, and what slalom train makes of it.
#include <sstream>
#include <vector>

#include <fmt/format.h>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

/// Prices of flats; the area in units of `1 / unit` of what the learning rate below was chosen for.
std::string flats_csv(double unit) {
  TestNumbers random(7);
  std::string text = "area,rooms,price\n";
  for (int i = 0; i < 400; ++i) {
    const double area = 0.2 + 1.3 * random.next(), rooms = 0.5 + 2.0 * random.next(), noise = random.next() - 0.5;
    text += fmt::format("{:.6g},{:.4g},{:.6g}\n", unit * area, rooms, 3.0 * area + 0.5 * rooms + 0.2 * noise);
  }
  return text;
}

constexpr const char* kRecipe = " --target price --scale none --no-target-scale --optimizer sgd --out m.safetensors ";

class GuardCommand : public CommandLine {
 protected:
  [[nodiscard]] Outcome train(const std::string& file, const std::string& flags,
                              const std::string& steps = " --lr 0.1 --epochs 100") const {
    return slalom("train --data " + file + kRecipe + flags + steps);
  }
  [[nodiscard]] std::vector<nlohmann::json> metrics_lines(const std::string& name) const {
    std::istringstream lines(read(name));
    std::vector<nlohmann::json> all;
    for (std::string line; std::getline(lines, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }
};

int count(const std::string& text, const std::string& what) {
  int n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// The story that the guard is for: the recipe is that of old data; the new data has its area in other units.
TEST_F(GuardCommand, SavesARunWhoseDataChanged) {
  write("old.csv", flats_csv(1.0));
  write("new.csv", flats_csv(10.0));
  const Outcome before = train("old.csv", "--json");
  ASSERT_EQ(before.status, 0) << before.err;
  EXPECT_TRUE(before.json().at("guard").empty());
  EXPECT_EQ(before.err.find("guard"), std::string::npos) << before.err;
  EXPECT_GT(before.json().at("valid").at("r2").get<double>(), 0.97);

  std::filesystem::remove(folder() / "m.safetensors");
  const Outcome unguarded = train("new.csv", "--no-guard");
  EXPECT_EQ(unguarded.status, 65);
  EXPECT_NE(unguarded.err.find("slalom: training diverged: the loss stopped being finite at step "), std::string::npos);
  EXPECT_NE(unguarded.err.find(" with learning rate 0.1; use a smaller --lr, --clip-norm, or scale the features\n"),
            std::string::npos)
      << unguarded.err;
  EXPECT_FALSE(exists("m.safetensors"));

  const Outcome after = train("new.csv", "--json --metrics run.jsonl");
  ASSERT_EQ(after.status, 0) << after.err;
  EXPECT_GT(after.json().at("valid").at("r2").get<double>(), 0.97);
  ASSERT_EQ(after.json().at("guard").size(), 1U);
  const nlohmann::json event = after.json().at("guard")[0];
  EXPECT_EQ(event.at("what"), "the loss exploded");
  EXPECT_EQ(event.at("good_step"), 0);
  EXPECT_GT(event.at("loss").get<double>(), 1e4 * event.at("best_loss").get<double>());
  EXPECT_DOUBLE_EQ(event.at("old_lr").get<double>(), 0.1);
  EXPECT_DOUBLE_EQ(event.at("new_lr").get<double>(), 0.01);
  EXPECT_EQ(count(after.err, "guard: the loss exploded to "), 1) << after.err;
  EXPECT_NE(after.err.find("; back to step 0 (epoch 1), learning rate 0.1 -> 0.01 (1 of 3)\n"), std::string::npos);
  EXPECT_NE(after.out.find("the guard lowered the learning rate once, last at epoch "), std::string::npos) << after.out;
  int n_events = 0;
  for (const nlohmann::json& line : metrics_lines("run.jsonl")) n_events += line.at("event") == "guard" ? 1 : 0;
  EXPECT_EQ(n_events, 1);
  EXPECT_GT(slalom("evaluate --model m.safetensors --data new.csv --json").json().at("r2").get<double>(), 0.97);
}

TEST_F(GuardCommand, LowersTheRateAgainWhereOnceIsNotEnough) {
  write("new.csv", flats_csv(30.0));
  const Outcome run = train("new.csv", "--json --quiet", " --lr 0.1 --epochs 1000");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.err, "");
  EXPECT_EQ(run.json().at("guard").size(), 2U);
  EXPECT_NEAR(run.json().at("guard")[1].at("new_lr").get<double>(), 0.001, 1e-9);
  EXPECT_GT(run.json().at("valid").at("r2").get<double>(), 0.9);
}

TEST_F(GuardCommand, GivesTheSameModelEveryTime) {
  write("new.csv", flats_csv(10.0));
  ASSERT_EQ(train("new.csv", "--quiet --threads 1").status, 0);
  const std::string model = read("m.safetensors");
  ASSERT_EQ(train("new.csv", "--quiet --threads 2 --log-every 1").status, 0);
  EXPECT_TRUE(read("m.safetensors") == model);
}

/// A feature so large that no lower rate the guard may try is low enough: nothing was learnt, nothing is written.
TEST_F(GuardCommand, ExplainsWhatItCannotSave) {
  write("new.csv", flats_csv(1e4));
  const Outcome run = train("new.csv", "--quiet");
  EXPECT_EQ(run.status, 65);
  EXPECT_FALSE(exists("m.safetensors"));
  for (const char* part :
       {"slalom: training diverged: the loss ",
        "with learning rate 0.0001; the guard had lowered it 3 times, from 0.1;",
        "\n  features: 1 of 2 are far larger than 1 (root mean square: 'area' 9.", "\n  gradient: norm ",
        " at the start, 100 % of its square from 'area'\n", ": --optimizer sgd overshoots more and more above --lr 1.",
        "\n  curvature: at most 1.", "\n  try: --scale standard (or other units for the large features); --lr 5"}) {
    EXPECT_NE(run.err.find(part), std::string::npos) << part << "\nin\n" << run.err;
  }
}

/// The advice is right: the rate below the curvature's bound converges, the one above it does not.
TEST_F(GuardCommand, NamesTheLargestRateThatTheCurvatureAllows) {
  write("new.csv", flats_csv(1e4));
  const std::string err = train("new.csv", "--quiet --valid-fraction 0").err;
  const std::string mark = "more and more above --lr ";
  const double limit = std::stod(err.substr(err.find(mark) + mark.size()));
  const auto with_rate = [&](double rate) {
    return slalom(
        fmt::format("train --data new.csv --target price --scale none --no-target-scale --optimizer sgd --lr "
                    "{} --batch-size all --valid-fraction 0 --no-guard --quiet --json --epochs 2000",
                    rate));
  };
  EXPECT_EQ(with_rate(0.97 * limit).status, 0);
  EXPECT_EQ(with_rate(1.03 * limit).status, 65);
}

/// A warm-up passes the largest rate that works.
TEST_F(GuardCommand, LeavesTheLastGoodModelWhenItGivesUp) {
  write("flats.csv", flats_csv(1.0));
  const Outcome run =
      train("flats.csv", "--warmup-steps 40000 --guard-retries 0 --json --quiet", " --lr 100 --epochs 9000");
  EXPECT_EQ(run.status, 65);
  EXPECT_EQ(run.json().at("stopped"), "diverged");
  EXPECT_NE(run.err.find("slalom: training diverged: the loss "), std::string::npos);
  EXPECT_NE(run.err.find("\n  the last good state is in m.safetensors\n"), std::string::npos) << run.err;
  const nlohmann::json evaluation = slalom("evaluate --model m.safetensors --data flats.csv --json").json();
  EXPECT_GT(evaluation.at("r2").get<double>(), 0.95);
  EXPECT_NE(slalom("inspect m.safetensors").out.find("diverged; the last good state"), std::string::npos);
}

TEST_F(GuardCommand, GuardsRestartsAndFoldsOneByOne) {
  write("new.csv", flats_csv(10.0));
  const Outcome folds = train("new.csv", "--folds 2 --json");
  ASSERT_EQ(folds.status, 0) << folds.err;
  EXPECT_EQ(count(folds.err, "\nfold 1  guard: the loss exploded"), 1) << folds.err;
  EXPECT_EQ(count(folds.err, "\nfold 2  guard: the loss exploded"), 1) << folds.err;
  const nlohmann::json members = folds.json().at("cross_validation").at("members");
  ASSERT_EQ(members.size(), 2U);
  for (const nlohmann::json& member : members) EXPECT_EQ(member.at("guard").size(), 1U);
  const Outcome restarts = train("new.csv", "--restarts 2 --json");
  ASSERT_EQ(restarts.status, 0) << restarts.err;
  EXPECT_EQ(count(restarts.err, "restart 2  guard: the loss exploded"), 1) << restarts.err;
}

TEST_F(GuardCommand, TakesItsFlagsFromAConfigurationFile) {
  write("new.csv", flats_csv(10.0));
  write("off.toml", "no-guard = true\n");
  EXPECT_EQ(train("new.csv", "--quiet --config off.toml").status, 65);
  write("gentle.toml", "guard-factor = 0.05\nguard-retries = 1\n");
  const Outcome run = train("new.csv", "--quiet --json --config gentle.toml");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NEAR(run.json().at("guard").at(0).at("new_lr").get<double>(), 0.005, 1e-9);
  EXPECT_EQ(run.json().at("guard")[0].at("retries"), 1);
}

}  // namespace
}  // namespace slalom::testing
