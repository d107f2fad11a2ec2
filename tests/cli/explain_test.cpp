// SPDX-License-Identifier: Apache-2.0
// What slalom train says of the training after it: advice, and --explain.
#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

using ExplainCommand = CommandLine;

constexpr const char* kTooFast =
    "train --data plane.csv --target y --model mlp --hidden 8 --optimizer adam --lr 10 --epochs 20 ";

TEST_F(ExplainCommand, AdvisesInOneLineEach) {
  write("plane.csv", plane_csv(300));
  const Outcome run = slalom(std::string(kTooFast) + "--json");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.out.find("\nadvice: dead units: "), std::string::npos) << run.out;
  EXPECT_EQ(run.out.find("what training showed"), std::string::npos) << run.out;
  bool found = false;
  const nlohmann::json summary = run.json();
  for (const nlohmann::json& advice : summary.at("advice")) {
    found = found || (advice.at("subject") == "dead units" && !advice.at("text").get<std::string>().empty());
  }
  EXPECT_TRUE(found) << run.out;
}

TEST_F(ExplainCommand, ExplainsAtLength) {
  write("plane.csv", plane_csv(300));
  const Outcome run = slalom(std::string(kTooFast) + "--explain");
  ASSERT_EQ(run.status, 0) << run.err;
  const std::size_t at = run.out.find("\nwhat training showed\n");
  ASSERT_NE(at, std::string::npos) << run.out;
  for (const char* part : {"\novershoot: ", "\nno progress: ", "\nplateau: ", "\ndead units: ",
                           "A relu whose input is negative for every row has no slope"}) {
    EXPECT_NE(run.out.find(part, at), std::string::npos) << part << "\nin\n" << run.out;
  }
  EXPECT_EQ(run.out.find("advice: "), std::string::npos) << run.out;  // once
}

TEST_F(ExplainCommand, HasNoAdviceForAGoodRun) {
  write("plane.csv", plane_csv(300));
  const std::string good = "train --data plane.csv --target y --lr 0.05 --epochs 30 ";
  const Outcome plain = slalom(good + "--json");
  EXPECT_EQ(plain.out.find("advice: "), std::string::npos) << plain.out;
  EXPECT_TRUE(plain.json().at("advice").empty());
  const Outcome explained = slalom(good + "--explain");
  EXPECT_NE(explained.out.find("steps are not too long"), std::string::npos) << explained.out;
  EXPECT_NE(explained.out.find("something was learnt"), std::string::npos) << explained.out;
}

TEST_F(ExplainCommand, SaysSoWhereThereIsNothingToSay) {
  write("plane.csv", plane_csv(300));
  EXPECT_NE(slalom("train --data plane.csv --target y --epochs 2 --explain").out.find("too few epochs"),
            std::string::npos);
  EXPECT_EQ(slalom(std::string(kTooFast) + "--explain --quiet").out, "");
}

}  // namespace
}  // namespace slalom::testing
