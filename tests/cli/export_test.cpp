// SPDX-License-Identifier: Apache-2.0
// slalom export: ways to name the files, the same bytes every time, and what it says when it cannot.
#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class ExportCommand : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(100));
    ASSERT_EQ(slalom("train --data plane.csv --target y --epochs 2 --out m.safetensors --quiet").status, 0);
  }
};

TEST_F(ExportCommand, TakesTheModelWithOrWithoutAFlagAndWritesTheSameBytes) {
  const Outcome by_flag = slalom("export --model m.safetensors --onnx one.onnx");
  EXPECT_EQ(by_flag.status, 0) << by_flag.err;
  EXPECT_EQ(by_flag.err, "one.onnx: ONNX model written\n");
  const Outcome by_position = slalom("export m.safetensors --onnx two.onnx --quiet");
  EXPECT_EQ(by_position.status, 0) << by_position.err;
  EXPECT_EQ(by_position.err, "");
  ASSERT_FALSE(read("one.onnx").empty());
  EXPECT_TRUE(read("one.onnx") == read("two.onnx"));
  EXPECT_EQ(slalom("export m.safetensors --onnx three.onnx --float32").status, 0);
  EXPECT_FALSE(read("one.onnx") == read("three.onnx"));
}

TEST_F(ExportCommand, HelpNamesEveryFlag) {
  const Outcome help = slalom("export --help");
  EXPECT_EQ(help.status, 0);
  for (const char* flag : {"--model", "--onnx", "--float32", "--quiet"}) {
    EXPECT_NE(help.out.find(flag), std::string::npos) << flag;
  }
}

struct BadExport {
  const char* name;
  const char* arguments;
  int status;
  const char* message;  ///< all of stderr after "slalom: "
};

class BadExports : public ExportCommand, public ::testing::WithParamInterface<BadExport> {};

TEST_P(BadExports, AreRefusedWithAMessage) {
  expect_error(std::string("export ") + GetParam().arguments, GetParam().status, GetParam().message, "out.onnx");
}

INSTANTIATE_TEST_SUITE_P(
    All, BadExports,
    ::testing::Values(
        BadExport{"NoOutput", "m.safetensors", 64, "--onnx is required (see 'slalom export --help')"},
        BadExport{"NoModel", "--onnx out.onnx", 64, "--model is required (see 'slalom export --help')"},
        BadExport{"NoSuchFolder", "m.safetensors --onnx nowhere/out.onnx", 73,
                  "nowhere/out.onnx: cannot be written: there is no directory nowhere"},
        BadExport{"AFolder", "m.safetensors --onnx .", 73, ".: cannot be written: it is a directory"},
        BadExport{"NoSuchModel", "none.safetensors --onnx out.onnx", 66, "none.safetensors: no such file"},
        BadExport{"NotAModel", "plane.csv --onnx out.onnx", 65,
                  "plane.csv: not a slalom model: it does not begin with the length of a safetensors header"},
        BadExport{"TheModelItself", "m.safetensors --onnx ./m.safetensors", 64,
                  "--onnx: ./m.safetensors is also the file of --model, expected another one"}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

TEST_F(ExportCommand, AnExistingFileSurvivesAModelThatCannotBeRead) {
  write("out.onnx", "old");
  EXPECT_EQ(slalom("export plane.csv --onnx out.onnx").status, 65);
  EXPECT_EQ(read("out.onnx"), "old");
}

}  // namespace
}  // namespace slalom::testing
