// SPDX-License-Identifier: Apache-2.0
// Bad tables and settings: the exit code, the exact message, and nothing half-written.
#include <cstdlib>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

struct BadInput {
  const char* name;
  const char* content;  ///< of data.csv; nullptr: no such file
  const char* flags;
  int status;
  const char* message;  ///< all of stderr, less "slalom: " and the line end
};

class BadInputs : public CommandLine, public ::testing::WithParamInterface<BadInput> {};

TEST_P(BadInputs, AreRefusedWithAMessage) {
  const BadInput& bad = GetParam();
  if (bad.content != nullptr) write("data.csv", bad.content);
  expect_error(std::string("train --data data.csv --out m.safetensors --quiet --json ") + bad.flags, bad.status,
               bad.message, "m.safetensors");
}

std::string name_of_case(const ::testing::TestParamInfo<BadInput>& parameter) { return parameter.param.name; }

constexpr const char* kSmall = "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18\n10,20\n";
constexpr const char* kClasses = "a,b,y\n1,q,yes\n2,q,no\n3,r,yes\n4,r,no\n";

INSTANTIATE_TEST_SUITE_P(
    Tables, BadInputs,
    ::testing::Values(
        BadInput{"MissingFile", nullptr, "--target y", 66, "data.csv: no such file"},
        BadInput{"EmptyFile", "", "--target y", 65, "data.csv: is empty"},
        BadInput{"HeaderOnly", "x,y\n", "--target y", 65, "data.csv: has a header but no data rows"},
        BadInput{"RaggedRow", "x,y\n1,2\n3\n4,5\n", "--target y", 65, "data.csv, line 3: found 1 field, expected 2"},
        BadInput{"LongRow", "x,y\n1,2\n3,4,5\n", "--target y", 65, "data.csv, line 3: found 3 fields, expected 2"},
        BadInput{"TextInNumbers", "x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n7,14\n8,16\n9,18\n10,20\n11,22\noops,24\n",
                 "--target y", 65,
                 "data.csv, line 13, column \"x\": found \"oops\", expected a number as in 11 of the column's 12 "
                 "cells; correct it, or say --categorical x"},
        BadInput{"TextTarget", kClasses, "--target y", 65,
                 "--target: column 'y' of data.csv holds text, expected numbers (use --model logistic, softmax or mlp "
                 "for classes)"},
        BadInput{"Infinity", "x,y\n1,2\ninf,4\n3,6\n", "--target y", 65,
                 "data.csv, line 3, column \"x\": found \"inf\", expected a finite number"},
        BadInput{"InfiniteTarget", "x,y\n1,2\n2,-Inf\n3,6\n", "--target y", 65,
                 "data.csv, line 3, column \"y\": found \"-Inf\", expected a finite number"},
        BadInput{"NanTargets", "x,y\n1,nan\n2,NaN\n", "--target y --valid-fraction 0", 65,
                 "--target: column 'y' of data.csv has no values"},
        BadInput{"MissingCellsRefused", "x,y\n1,2\n,4\n3,6\n4,7\n", "--target y --missing error --valid-fraction 0", 65,
                 "data.csv, line 3, column 'x': the cell is missing (--missing error)"},
        BadInput{"NanRefused", "x,y\n1,2\n2,4\nnan,6\n", "--target y --missing error --valid-fraction 0", 65,
                 "data.csv, line 4, column 'x': the cell is missing (--missing error)"},
        BadInput{"DuplicateColumns", "x,x,y\n1,1,2\n", "--target y", 65,
                 "data.csv, line 1: two columns are named \"x\" (positions 0 and 1, counted from 0)"},
        BadInput{"UnknownTarget", kSmall, "--target price", 64,
                 "--target: no column 'price' in data.csv; columns are 'x', 'y'"},
        BadInput{"TargetIndexBeyond", kSmall, "--target 2", 64,
                 "--target: no column '2' in data.csv; columns are 'x', 'y'"},
        BadInput{"TargetTwice", kSmall, "--target y,1", 64, "--target: column '1' is named twice"},
        BadInput{"NothingButTargets", kSmall, "--target x,y", 64,
                 "data.csv: no feature column is left besides the target"},
        BadInput{"UnknownDrop", kSmall, "--target y --drop z", 64,
                 "--drop: no column 'z' in data.csv; columns are 'x', 'y'"},
        BadInput{"UnknownFeature", kSmall, "--target y --features z", 64,
                 "--features: no column 'z' in data.csv; columns are 'x', 'y'"},
        BadInput{"UnknownCategorical", kSmall, "--target y --categorical z", 64,
                 "--categorical: no column 'z' in data.csv; columns are 'x', 'y'"},
        BadInput{"UnknownWeight", kSmall, "--target y --weight-column z", 64,
                 "--weight-column: no column 'z' in data.csv; columns are 'x', 'y'"},
        BadInput{"WeightIsTarget", kSmall, "--target y --weight-column y", 64, "--weight-column: 'y' is a target"},
        BadInput{"NegativeWeight", "a,w,y\n1,-1,5\n2,1,3\n", "--target y --weight-column w --valid-fraction 0", 65,
                 "data.csv, line 2, column 'w': found -1, expected a weight >= 0"},
        BadInput{"MissingWeight", "a,w,y\n1,1,5\n2,,3\n", "--target y --weight-column w --valid-fraction 0", 65,
                 "data.csv, line 3, column 'w': found a missing cell, expected a weight >= 0"},
        BadInput{"TextForWeights", kClasses, "--target a --weight-column b --valid-fraction 0", 65,
                 "data.csv, line 2, column 'b': found 'q', expected a weight >= 0"},
        BadInput{"AllWeightsZero", "a,w,y\n1,0,5\n2,0,3\n", "--target y --weight-column w --valid-fraction 0", 65,
                 "data.csv: all row weights are 0, expected at least one above 0"},
        BadInput{"OneClass", "x,y\n1,a\n2,a\n3,a\n4,a\n5,a\n", "--target y --model logistic", 65,
                 "--target: column 'y' of data.csv has only the class 'a' in the training rows, expected at least 2 "
                 "classes"},
        BadInput{"ThreeClassesForLogistic", "x,y\n1,a\n2,b\n3,c\n4,a\n5,b\n6,c\n",
                 "--target y --model logistic --valid-fraction 0", 65,
                 "--target: column 'y' has 3 classes; loss bce is for two (use --model softmax, or --model mlp --loss "
                 "cross-entropy)"},
        BadInput{"UnknownClassWeight", kClasses, "--target y --model logistic --class-weight maybe=1", 64,
                 "--class-weight: no class 'maybe' in column 'y'"},
        BadInput{"MalformedClassWeight", kClasses, "--target y --model logistic --class-weight yes", 64,
                 "--class-weight: found 'yes', expected balanced or CLASS=WEIGHT with a weight >= 0"},
        BadInput{"InfiniteClassWeight", kClasses, "--target y --model logistic --class-weight yes=inf", 64,
                 "--class-weight: found 'yes=inf', expected balanced or CLASS=WEIGHT with a weight >= 0"},
        BadInput{"MissingValidFile", kSmall, "--target y --valid none.csv", 66, "none.csv: no such file"},
        BadInput{"NoRowsLeftToTrain", kSmall, "--target y --valid-fraction 0.99", 64,
                 "--valid-fraction: found 0.99 of 10 rows, expected to leave rows for training (use --valid-fraction "
                 "0)"},
        BadInput{"MoreFoldsThanRows", kSmall, "--target y --folds 11", 64,
                 "--folds: found 11, expected 2 to the number of rows (10)"}),
    name_of_case);

INSTANTIATE_TEST_SUITE_P(
    Settings, BadInputs,
    ::testing::Values(
        BadInput{"NegativeRate", kSmall, "--target y --lr -1", 64, "--lr: found -1, expected a number > 0"},
        BadInput{"NanRate", kSmall, "--target y --lr nan", 64, "--lr: found nan, expected a number > 0"},
        BadInput{"InfiniteRate", kSmall, "--target y --lr inf", 64, "--lr: found inf, expected a number > 0"},
        BadInput{"MomentumOfOne", kSmall, "--target y --momentum 1", 64,
                 "--momentum: found 1, expected 0 <= value < 1"},
        BadInput{"ZeroEpsilon", kSmall, "--target y --epsilon 0", 64, "--epsilon: found 0, expected a number > 0"},
        BadInput{"NegativeL1", kSmall, "--target y --l1 -0.5", 64, "--l1: found -0.5, expected a number >= 0"},
        BadInput{"NanL2", kSmall, "--target y --l2 nan", 64, "--l2: found nan, expected a number >= 0"},
        BadInput{"NegativeClip", kSmall, "--target y --clip-norm -1", 64,
                 "--clip-norm: found -1, expected a number >= 0"},
        BadInput{"ZeroBatch", kSmall, "--target y --batch-size 0", 64,
                 "--batch-size: found '0', expected a number >= 1 or all"},
        BadInput{"OverflowingBatch", kSmall, "--target y --batch-size 99999999999999999999", 64,
                 "--batch-size: found '99999999999999999999', expected a number >= 1 or all"},
        BadInput{"NoEpochs", kSmall, "--target y --epochs 0", 64, "--epochs: found 0, expected a number >= 1"},
        BadInput{"NegativeTime", kSmall, "--target y --max-time -0.5", 64,
                 "--max-time: found -0.5, expected seconds >= 0 (0: no limit)"},
        BadInput{"NegativeTolerance", kSmall, "--target y --tol -0.001", 64,
                 "--tol: found -0.001, expected a number >= 0"},
        BadInput{"AllRowsHeldOut", kSmall, "--target y --valid-fraction 1", 64,
                 "--valid-fraction: found 1, expected 0 <= fraction < 1"},
        BadInput{"NegativePatience", kSmall, "--target y --patience -1", 64,
                 "--patience: found -1, expected a number of epochs >= 0 (0: never stop early)"},
        BadInput{"NegativeWarmup", kSmall, "--target y --warmup-steps -1", 64,
                 "--warmup-steps: found -1, expected a whole number >= 0"},
        BadInput{"FallingMilestones", kSmall, "--target y --schedule multi-step --milestones 3,2", 64,
                 "--milestones: found 2, expected ascending steps"},
        BadInput{"NoMilestones", kSmall, "--target y --schedule multi-step", 64,
                 "--milestones: found none, expected steps for --schedule multi-step"},
        BadInput{"GrowingPlateau", kSmall, "--target y --schedule plateau --factor 2", 64,
                 "--factor: found 2, expected 0 < factor < 1 for --schedule plateau"},
        BadInput{"PctStartOfOne", kSmall, "--target y --schedule one-cycle --pct-start 1", 64,
                 "--pct-start: found 1, expected 0 < share < 1"},
        BadInput{"OneCategory", kSmall, "--target y --max-categories 1", 64,
                 "--max-categories: found 1, expected at least 2"},
        BadInput{"NegativeLogEvery", kSmall, "--target y --log-every -1", 64,
                 "--log-every: found -1, expected a number of epochs >= 0"},
        BadInput{"NoRestarts", kSmall, "--target y --restarts 0", 64, "--restarts: found 0, expected 1 to 10000"},
        BadInput{"OneFold", kSmall, "--target y --folds 1", 64, "--folds: found 1, expected 0 (none) or at least 2"},
        BadInput{"FoldsAndRestarts", kSmall, "--target y --folds 2 --restarts 2", 64,
                 "--folds and --restarts: found both, expected one of them"},
        BadInput{"FoldsAndValid", kSmall, "--target y --folds 2 --valid data.csv", 64,
                 "--folds and --valid: found both, expected one of them"},
        BadInput{"NoMemory", kSmall, "--target y --device-memory 0", 64,
                 "--device-memory: found '0', expected a size such as 512M or 2G"},
        BadInput{"MemoryInUnknownUnits", kSmall, "--target y --device-memory 12X", 64,
                 "--device-memory: found '12X', expected a size such as 512M or 2G"},
        BadInput{"MemoryWithoutANumber", kSmall, "--target y --device-memory GiB", 64,
                 "--device-memory: found 'GiB', expected a size such as 512M or 2G"},
        BadInput{"NegativeThreads", kSmall, "--target y --threads -2", 64,
                 "--threads: found -2, expected 0 (all cores) to 1024"},
        BadInput{"HiddenWithoutMlp", kSmall, "--target y --hidden 8", 64,
                 "--hidden: found with --model linear, expected --model mlp"},
        BadInput{"MlpWithoutHidden", kSmall, "--target y --model mlp", 64,
                 "--hidden: missing, expected the widths of the hidden layers of --model mlp, for example 64,64"},
        BadInput{"HiddenOfZero", kSmall, "--target y --model mlp --hidden 8,0", 64,
                 "--hidden: found 0, expected widths from 1 to 16777216"},
        BadInput{"NegativeHidden", kSmall, "--target y --model mlp --hidden=-3", 64,
                 "--hidden: found -3, expected widths from 1 to 16777216"},
        BadInput{"HugeHidden", kSmall, "--target y --model mlp --hidden 16777216,16777216", 64,
                 "--hidden: found 281475043819521 parameters, expected at most 2e9"},
        BadInput{"DropoutOfOne", kSmall, "--target y --model mlp --hidden 8 --dropout 1", 64,
                 "--dropout: found 1, expected 0 <= value < 1"},
        BadInput{"DropoutWithoutHidden", kSmall, "--target y --dropout 0.5", 64,
                 "--dropout: found no hidden layers, expected --model mlp"},
        BadInput{"BatchNormWithoutHidden", kSmall, "--target y --batch-norm", 64,
                 "--batch-norm: found no hidden layers, expected --model mlp"},
        BadInput{"QuantileOfZero", kSmall, "--target y --loss quantile --quantile 0", 64,
                 "--quantile: found 0, expected 0 < quantile < 1"},
        BadInput{"HuberOfZero", kSmall, "--target y --loss huber --huber-delta 0", 64,
                 "--huber-delta: found 0, expected a number > 0"},
        BadInput{"LossOfAnotherModel", kSmall, "--target y --loss bce", 64,
                 "--loss: found bce, expected mse, mae, huber or quantile for --model linear"},
        BadInput{"LassoWithLion", kSmall, "--target y --optimizer lion --l1 0.1", 64,
                 "--l1: found with --optimizer lion, whose sign update has no proximal step; use another optimizer"},
        BadInput{"PrecisionOfTheCpu", kSmall, "--target y --model mlp --hidden 4 --device cpu --precision bf16", 64,
                 "--precision: found bf16, expected fp32 with --device cpu"},
        BadInput{"PrecisionOfTheReference", kSmall,
                 "--target y --model mlp --hidden 4 --device reference --precision tf32", 64,
                 "--precision: found tf32, expected fp32 with --device reference"},
        BadInput{"PrecisionWithoutHiddenLayers", kSmall, "--target y --device cuda --precision tf32", 64,
                 "--precision: found tf32, expected fp32 for a model without hidden layers"},
        BadInput{"Divergence", kSmall,
                 "--target y --optimizer sgd --lr 1e30 --valid-fraction 0 --batch-size all --no-guard", 65,
                 "training diverged: the loss stopped being finite at step 2 (epoch 2) with learning rate 1e+30; use a "
                 "smaller --lr, --clip-norm, or scale the features"},
        BadInput{"GuardFactor", kSmall, "--target y --guard-factor 1", 64,
                 "--guard-factor: found 1, expected a number > 0 and < 1"},
        BadInput{"GuardRetries", kSmall, "--target y --guard-retries -1", 64,
                 "--guard-retries: found -1, expected a number >= 0"},
        BadInput{"LongDelimiter", kSmall, "--target y --delimiter xx", 64,
                 "--delimiter: found 'xx', expected auto, comma, semicolon, tab, space or one character"},
        BadInput{"MissingConfig", kSmall, "--config none.toml", 66, "--config: none.toml: no such file"}),
    name_of_case);

using OddInputs = CommandLine;

TEST_F(OddInputs, AConstantColumnIsNotedAndTrainingGoesOn) {
  write("data.csv", "x,c,y\n1,7,2\n2,7,4\n3,7,6\n4,7,8\n5,7,10\n");
  const Outcome run = slalom("train --data data.csv --target y --epochs 2 --valid-fraction 0");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_NE(run.err.find("note: column 'c' is constant in the training rows; it carries no information\n"),
            std::string::npos)
      << run.err;
}

TEST_F(OddInputs, FewerRowsThanABatchIsOneShortBatch) {
  write("data.csv", kSmall);
  const Outcome run =
      slalom("train --data data.csv --target y --epochs 2 --batch-size 4096 --valid-fraction 0 --json --quiet");
  EXPECT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.json().at("steps").get<int>(), 2);
}

TEST_F(OddInputs, LabelsThatDoNotCountFromZeroAreMapped) {
  write("data.csv", "a,y\n1,7\n2,-1\n3,3\n4,7\n5,-1\n6,3\n");
  ASSERT_EQ(slalom("train --data data.csv --target y --model softmax --epochs 400 --lr 0.1 --valid-fraction 0 "
                   "--out m.safetensors --quiet")
                .status,
            0);
  const Outcome run = slalom("predict --model m.safetensors --data data.csv --out p.csv --quiet");
  ASSERT_EQ(run.status, 0) << run.err;
  const std::string predictions = read("p.csv");
  EXPECT_EQ(predictions.substr(0, predictions.find('\n')), "prediction,probability_-1,probability_3,probability_7");
}

TEST_F(OddInputs, ATableFromAPipeTrainsTheSameModel) {
  write("data.csv", kSmall);
  ASSERT_EQ(slalom("train --data data.csv --target y --epochs 2 --out file.safetensors --quiet").status, 0);
  ASSERT_EQ(std::system(("mkfifo '" + (folder() / "pipe").string() + "'").c_str()), 0);
  const std::string fed = "cd '" + folder().string() +
                          "' && { cat data.csv > pipe & timeout 60 '" SLALOM_BINARY
                          "' train --data pipe --target y --epochs 2 --quiet --out pipe.safetensors; }";
  ASSERT_EQ(std::system(fed.c_str()), 0);
  EXPECT_TRUE(read("file.safetensors") == read("pipe.safetensors"));
}

}  // namespace
}  // namespace slalom::testing
