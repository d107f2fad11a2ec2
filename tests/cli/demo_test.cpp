// SPDX-License-Identifier: Apache-2.0
// slalom demo prints the worked example's rows and does a job of real size.
#include <fstream>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

using DemoCommand = CommandLine;

TEST_F(DemoCommand, PrintsTheWorkedExample) {
  const Outcome run = slalom("demo");
  ASSERT_EQ(run.status, 0) << run.err;
  for (const char* row :
       {"Iteration 0, Cost: 48.9781, m: 0.4127, b: 0.1245", "Iteration 10, Cost: 0.9228, m: 1.9484, b: 0.6086",
        "Iteration 20, Cost: 0.2131, m: 2.1262, b: 0.6930", "Iteration 30, Cost: 0.1942, m: 2.1405, b: 0.7277",
        "Iteration 40, Cost: 0.1863, m: 2.1354, b: 0.7551", "Iteration 50, Cost: 0.1793, m: 2.1283, b: 0.7805",
        "Iteration 60, Cost: 0.1730, m: 2.1213, b: 0.8045", "Iteration 70, Cost: 0.1674, m: 2.1147, b: 0.8272",
        "Iteration 80, Cost: 0.1623, m: 2.1084, b: 0.8487", "Iteration 90, Cost: 0.1578, m: 2.1024, b: 0.8691"}) {
    EXPECT_NE(run.out.find(std::string(row) + "\n"), std::string::npos) << row << "\nin\n" << run.out;
  }
  // What it suggests can be copied: with the path by which the program was called.
  EXPECT_NE(run.out.find("\n  " SLALOM_BINARY " train --data slalom-demo/flats.csv --target price "), std::string::npos)
      << run.out;
}

TEST_F(DemoCommand, WritesPredictionsForEveryRow) {
  ASSERT_EQ(slalom("demo --out-dir here").status, 0);
  std::ifstream predictions(folder() / "here" / "predictions.csv");
  std::string line;
  int lines = 0;
  while (std::getline(predictions, line)) ++lines;
  EXPECT_EQ(lines, 20001);
  EXPECT_TRUE(exists("here/flats.csv"));
  EXPECT_EQ(slalom("inspect here/flats.safetensors").status, 0);
}

}  // namespace
}  // namespace slalom::testing
