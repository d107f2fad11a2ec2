// SPDX-License-Identifier: Apache-2.0
// The same command gives the same model file, whatever the thread count.
#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class Determinism : public CommandLine, public ::testing::WithParamInterface<const char*> {};

TEST_P(Determinism, SameBytesAgainAndWithTwoThreads) {
  write("plane.csv", plane_csv(700));
  const std::string command =
      std::string("train --data plane.csv --target y --epochs 3 --quiet ") + GetParam() + " --out ";
  ASSERT_EQ(slalom(command + "first.safetensors --threads 1").status, 0);
  ASSERT_EQ(slalom(command + "again.safetensors --threads 1").status, 0);
  ASSERT_EQ(slalom(command + "two.safetensors --threads 2").status, 0);
  const std::string first = read("first.safetensors");
  ASSERT_FALSE(first.empty());
  EXPECT_TRUE(first == read("again.safetensors"));
  EXPECT_TRUE(first == read("two.safetensors"));
}

INSTANTIATE_TEST_SUITE_P(Models, Determinism,
                         ::testing::Values("--model linear --batch-size 7",
                                           "--model mlp --hidden 33,17 --batch-size 64",
                                           "--model mlp --hidden 256,128 --batch-size 512 --dropout 0.3 --batch-norm",
                                           "--model mlp --hidden 16 --restarts 3"));

}  // namespace
}  // namespace slalom::testing
