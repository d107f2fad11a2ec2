// SPDX-License-Identifier: Apache-2.0
// Bad input: the exit code, the message, and nothing half-written.
#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

struct BadInput {
  const char* name;
  const char* content;  ///< of data.csv; nullptr: no such file
  const char* flags;
  int status;
  const char* message;  ///< must occur in stderr
};

class BadInputs : public CommandLine, public ::testing::WithParamInterface<BadInput> {};

TEST_P(BadInputs, AreRefusedWithAMessage) {
  const BadInput& bad = GetParam();
  if (bad.content != nullptr) write("data.csv", bad.content);
  const Outcome run = slalom(std::string("train --data data.csv --epochs 2 --out m.safetensors --quiet ") + bad.flags);
  EXPECT_EQ(run.status, bad.status) << run.err;
  EXPECT_NE(run.err.find(bad.message), std::string::npos) << run.err;
  EXPECT_EQ(run.err.find("internal error"), std::string::npos) << run.err;
  EXPECT_FALSE(exists("m.safetensors"));
}

constexpr const char* kSmall = "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18\n10,20\n";

INSTANTIATE_TEST_SUITE_P(
    All, BadInputs,
    ::testing::Values(
        BadInput{"MissingFile", nullptr, "--target y", 66, "data.csv: no such file"},
        BadInput{"EmptyFile", "", "--target y", 65, "data.csv: is empty"},
        BadInput{"HeaderOnly", "x,y\n", "--target y", 65, "data.csv: has a header but no data rows"},
        BadInput{"RaggedRow", "x,y\n1,2\n3\n4,5\n", "--target y", 65, "data.csv, line 3: found 1 field, expected 2"},
        BadInput{"TextInNumbers", "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18\n10,20\n11,22\noops,24\n",
                 "--target y", 65, "data.csv, line 13, column \"x\": found \"oops\", expected a number"},
        BadInput{"Infinity", "x,y\n1,2\ninf,4\n3,6\n", "--target y", 65,
                 "data.csv, line 3, column \"x\": found \"inf\", expected a finite number"},
        BadInput{"DuplicateColumns", "x,x,y\n1,1,2\n", "--target y", 65, "two columns are named \"x\""},
        BadInput{"UnknownTarget", kSmall, "--target price", 64, "--target"},
        BadInput{"OneClass", "x,y\n1,a\n2,a\n3,a\n4,a\n5,a\n", "--target y --model logistic", 65, "class"},
        BadInput{"ThreeClassesForLogistic", "x,y\n1,a\n2,b\n3,c\n4,a\n5,b\n6,c\n",
                 "--target y --model logistic --valid-fraction 0", 65, "3 classes"},
        BadInput{"MissingCellsRefused", "x,y\n1,2\n,4\n3,6\n4,7\n", "--target y --missing error --valid-fraction 0", 65,
                 "line 3"},
        BadInput{"NegativeRate", kSmall, "--target y --lr -1", 64, "--lr"},
        BadInput{"ZeroBatch", kSmall, "--target y --batch-size 0", 64, "--batch-size"},
        BadInput{"NoEpochs", kSmall, "--target y --epochs 0", 64, "--epochs"},
        BadInput{"AbsurdFraction", kSmall, "--target y --valid-fraction 1.5", 64, "--valid-fraction"},
        BadInput{"UnknownOptimizer", kSmall, "--target y --optimizer magic", 64, "--optimizer"},
        BadInput{"NotANumber", kSmall, "--target y --lr fast", 64, "--lr"},
        BadInput{"UnknownFlag", kSmall, "--target y --learning-rate 1", 64, "--learning-rate"},
        BadInput{"HiddenWithoutMlp", kSmall, "--target y --hidden 8", 64, "--hidden"},
        BadInput{"MlpWithoutHidden", kSmall, "--target y --model mlp", 64, "--hidden"},
        BadInput{"LossOfAnotherModel", kSmall, "--target y --loss bce", 64, "bce"},
        BadInput{"Divergence", kSmall, "--target y --optimizer sgd --lr 1e30", 65, "diverged"},
        BadInput{"NoCuda", kSmall, "--target y --device cuda", 69, "--device cuda"}),
    [](const auto& parameter) { return std::string(parameter.param.name); });

using Outputs = CommandLine;

TEST_F(Outputs, UnwritableModelIsFoundBeforeTraining) {
  write("data.csv", kSmall);
  const Outcome run =
      slalom("train --data data.csv --target y --epochs 1000000 --max-time 20 --out nowhere/m.safetensors --quiet");
  EXPECT_EQ(run.status, 73) << run.err;
  EXPECT_NE(run.err.find("nowhere/m.safetensors"), std::string::npos) << run.err;
}

TEST_F(Outputs, AConstantColumnIsNotedAndTrainingGoesOn) {
  write("data.csv", "x,c,y\n1,7,2\n2,7,4\n3,7,6\n4,7,8\n5,7,10\n");
  const Outcome run = slalom("train --data data.csv --target y --epochs 2 --valid-fraction 0");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("'c'"), std::string::npos) << run.err;
}

TEST_F(Outputs, FewerRowsThanABatchIsOneShortBatch) {
  write("data.csv", kSmall);
  const Outcome run =
      slalom("train --data data.csv --target y --epochs 2 --batch-size 4096 --valid-fraction 0 --json --quiet");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json().at("steps").get<int>(), 2);
}

}  // namespace
}  // namespace slalom::testing
