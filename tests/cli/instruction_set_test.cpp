// SPDX-License-Identifier: Apache-2.0
// SLALOM_CPU_ISA, with which a machine computes as one with fewer instructions does.
#include <cstdlib>
#include <string>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class InstructionSetVariable : public CommandLine {
 protected:
  void TearDown() override {
    ::unsetenv("SLALOM_CPU_ISA");
    CommandLine::TearDown();
  }
  static void choose(const char* name) { ::setenv("SLALOM_CPU_ISA", name, 1); }
};

TEST_F(InstructionSetVariable, ChoosesWhatDevicesNames) {
  choose("baseline");
  EXPECT_NE(slalom("devices").out.find(", baseline instructions"), std::string::npos);
  ::unsetenv("SLALOM_CPU_ISA");
  const std::string widest = slalom("devices").out;
  choose("");
  EXPECT_EQ(slalom("devices").out, widest);
}

TEST_F(InstructionSetVariable, RefusesWhatThereIsNot) {
  choose("sse9");
  write("plane.csv", plane_csv(50));
  const Outcome run = slalom("train --data plane.csv --target y --device cpu --out m.safetensors");
  EXPECT_EQ(run.status, 64);
  EXPECT_TRUE(run.err.starts_with("slalom: SLALOM_CPU_ISA: found 'sse9'; expected one that this machine has: "))
      << run.err;
  EXPECT_TRUE(run.err.ends_with("baseline\n")) << run.err;
  EXPECT_FALSE(exists("m.safetensors"));
}

/// With whatever this machine has: fewer rows than products of large layers are used for in training.
TEST_F(InstructionSetVariable, LargeLayersTakeFewRows) {
  write("plane.csv", plane_csv(100));
  const std::string train =
      "train --data plane.csv --target y --device cpu --quiet --out m.safetensors --epochs 1 --model mlp "
      "--hidden 130,130,130 --batch-size ";
  for (const char* batch : {"1", "32", "64", "all"}) {
    const Outcome run = slalom(train + batch);
    EXPECT_EQ(run.status, 0) << batch << ": " << run.err;
  }
  write("few.csv", plane_csv(5));
  const Outcome run = slalom("predict --model m.safetensors --data few.csv --out p.csv --quiet");
  EXPECT_EQ(run.status, 0) << run.err;
}

TEST_F(InstructionSetVariable, TrainsLargeLayersToTheSameBitsWithoutAmx) {
  write("plane.csv", plane_csv(300));
  const std::string train =
      "train --data plane.csv --target y --device cpu --quiet --out m.safetensors --epochs 2 --model mlp "
      "--hidden 130,130 --batch-size 64";
  std::string avx2;
  for (const char* name : {"avx2", "avx512"}) {
    choose(name);
    if (slalom("devices").status != 0) GTEST_SKIP() << "this machine has no " << name;
    const Outcome run = slalom(train);
    ASSERT_EQ(run.status, 0) << run.err;
    if (avx2.empty()) avx2 = read("m.safetensors");
    EXPECT_TRUE(read("m.safetensors") == avx2) << name;
  }
  choose("amx");
  if (slalom("devices").status != 0) return;
  ASSERT_EQ(slalom(train).status, 0);
  EXPECT_FALSE(read("m.safetensors") == avx2) << "the variable has no effect";
}

}  // namespace
}  // namespace slalom::testing
