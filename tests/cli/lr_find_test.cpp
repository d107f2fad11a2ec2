// SPDX-License-Identifier: Apache-2.0
// slalom lr-find from the command line.
#include <algorithm>
#include <string>

#include <gmock/gmock.h>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;

class LrFind : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("data.csv", plane_csv(300));
  }
};

TEST_F(LrFind, PrintsTheCurveAndASuggestion) {
  const Outcome run = slalom("lr-find --data data.csv --target y");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_THAT(run.out, ContainsRegex("lr +loss +smoothed\n"));
  EXPECT_THAT(run.out, HasSubstr(" <- suggested\n"));
  EXPECT_THAT(run.out, HasSubstr("\nsuggested: --lr 0."));
  EXPECT_THAT(run.out, HasSubstr(" at batch size 64 on "));
}

TEST_F(LrFind, WritesJsonAndCsvOfTheSameCurve) {
  const Outcome run =
      slalom("lr-find --data data.csv --target y --batch-size all --steps 50 --json --quiet --csv curve.csv");
  EXPECT_EQ(run.status, 0) << run.err;
  const nlohmann::json json = run.json();
  EXPECT_EQ(json["batch_size"], 240);
  EXPECT_GT(json["suggested_lr"], 0.0);
  const std::string csv = read("curve.csv");
  EXPECT_EQ(csv.find("learning_rate,loss,smoothed_loss\n"), 0U);
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), json["curve"].size() + 1);
}

TEST_F(LrFind, SuggestsARateThatTrains) {
  const double rate = slalom("lr-find --data data.csv --target y --json --quiet").json()["suggested_lr"];
  const Outcome run =
      slalom("train --data data.csv --target y --json --quiet --epochs 50 --lr " + std::to_string(rate));
  EXPECT_GT(run.json()["valid"]["r2"], 0.99);
}

TEST_F(LrFind, RefusesARunThatDoesNotMove) {
  const Outcome run = slalom("lr-find --data data.csv --target y --min-lr 1e-12 --max-lr 1e-9 --quiet --json");
  EXPECT_EQ(run.status, 65);
  EXPECT_EQ(run.err,
            "slalom: lr-find: no suggestion: the loss never moved beyond its noise, up to rate 1e-09; end with a "
            "larger --max-lr\n");
  EXPECT_TRUE(run.json()["suggested_lr"].is_null());
  EXPECT_EQ(run.json()["curve"].size(), 200U);
}

TEST_F(LrFind, NamesTheFlagThatIsWrong) {
  const auto message = [&](const std::string& flags, int status = 64) {
    const Outcome run = slalom("lr-find --data data.csv --target y --quiet " + flags);
    EXPECT_EQ(run.status, status) << flags;
    return run.err;
  };
  EXPECT_EQ(message("--min-lr 0"), "slalom: --min-lr: found 0, expected a number > 0\n");
  EXPECT_EQ(message("--max-lr 1e-6"), "slalom: --max-lr: found 1e-06, expected at least 10 times --min-lr\n");
  EXPECT_EQ(message("--steps 3"), "slalom: --steps: found 3, expected 30 to 100000\n");
  EXPECT_EQ(message("--repeats 1000"), "slalom: --repeats: found 1000, expected 1 to 100\n");
  EXPECT_EQ(message("--csv data.csv"), "slalom: --csv: data.csv is also the file of --data, expected another one\n");
  EXPECT_THAT(message("--lr 0.1"), HasSubstr("--lr"));
  EXPECT_THAT(message("--csv missing/curve.csv", 73), HasSubstr("missing/curve.csv"));
}

}  // namespace
}  // namespace slalom::testing
