// SPDX-License-Identifier: Apache-2.0
// slalom predict on files whose columns differ from the training file's.
#include <filesystem>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class PredictCommand : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    write("plane.csv", plane_csv(200));
    ASSERT_EQ(slalom("train --data plane.csv --target y --lr 0.05 --epochs 40 --out m.safetensors --quiet").status, 0);
  }
};

TEST_F(PredictCommand, AcceptsColumnsInAnyOrderAndExtraOnes) {
  write("one.csv", "a,b,colour\n1,2,red\n5,0.5,blue\n");
  write("two.csv", "colour,extra,b,a\nred,9,2,1\nblue,9,0.5,5\n");
  ASSERT_EQ(slalom("predict --model m.safetensors --data one.csv --out one_out.csv").status, 0);
  ASSERT_EQ(slalom("predict --model m.safetensors --data two.csv --out two_out.csv").status, 0);
  EXPECT_EQ(read("one_out.csv"), read("two_out.csv"));
  EXPECT_EQ(read("one_out.csv").substr(0, 11), "prediction\n");
}

TEST_F(PredictCommand, NotesAnUnseenCategory) {
  write("new.csv", "a,b,colour\n1,2,green\n");
  const Outcome run = slalom("predict --model m.safetensors --data new.csv --out out.csv");
  EXPECT_EQ(run.status, 0);
  EXPECT_NE(run.err.find("green"), std::string::npos) << run.err;
}

TEST_F(PredictCommand, RefusesAFileWithoutATrainedColumn) {
  write("short.csv", "a,colour\n1,red\n");
  const Outcome run = slalom("predict --model m.safetensors --data short.csv --out out.csv");
  EXPECT_EQ(run.status, 65);
  EXPECT_EQ(run.err, "slalom: short.csv: column 'b' is missing; the model was trained on it\n");
  EXPECT_FALSE(exists("out.csv"));
}

TEST_F(PredictCommand, RefusesToEvaluateWithoutTheTarget) {
  write("new.csv", "a,b,colour\n1,2,red\n");
  const Outcome run = slalom("evaluate --model m.safetensors --data new.csv");
  EXPECT_EQ(run.status, 65);
  EXPECT_EQ(run.err,
            "slalom: new.csv: column 'y' is missing; the model predicts it, so its true values are needed here\n");
}

TEST_F(PredictCommand, RefusesAnAbsurdNumberOfThreads) {
  for (const char* command : {"predict --out out.csv", "evaluate"}) {
    const Outcome run = slalom(std::string(command) + " --model m.safetensors --data plane.csv --threads -5");
    EXPECT_EQ(run.status, 64);
    EXPECT_EQ(run.err, "slalom: --threads: found -5, expected 0 (all cores) to 1024\n");
  }
  EXPECT_FALSE(exists("out.csv"));
}

TEST_F(PredictCommand, RefusesAnExtensionThatItDoesNotKnow) {
  const Outcome run = slalom("predict --model m.safetensors --data plane.csv --out out.xlsx");
  EXPECT_EQ(run.status, 64);
  EXPECT_EQ(run.err, "slalom: out.xlsx: found the extension .xlsx, expected .csv, .tsv, .parquet, .feather or .npy\n");
  EXPECT_FALSE(exists("out.xlsx"));
}

TEST_F(PredictCommand, RefusesTextWhereTrainingSawNumbers) {
  write("text.csv", "a,b,colour\n1,2,red\n5,much,blue\n");
  for (const char* command : {"predict --out out.csv", "evaluate"}) {
    const Outcome run = slalom(std::string(command) + " --model m.safetensors --data text.csv");
    EXPECT_EQ(run.status, 65);
    EXPECT_EQ(run.err, "slalom: text.csv, line 3, column \"b\": found \"much\", expected a number\n");
  }
  EXPECT_FALSE(exists("out.csv"));
}

TEST_F(PredictCommand, DoesNotLookAtTheTarget) {
  write("without.csv", "a,b,colour\n1,2,red\n5,0.5,blue\n");
  write("unknown.csv", "a,b,colour,y\n1,2,red,to be seen\n5,0.5,blue,soon\n");
  ASSERT_EQ(slalom("predict --model m.safetensors --data without.csv --out one.csv").status, 0);
  const Outcome run = slalom("predict --model m.safetensors --data unknown.csv --out two.csv");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(read("one.csv"), read("two.csv"));
}

TEST_F(PredictCommand, WritesNothingButPredictionsToStdout) {
  write("one.csv", "a,b,colour\n1,2,red\n");
  ASSERT_EQ(slalom("predict --model m.safetensors --data one.csv --out out.csv").status, 0);
  const Outcome run = slalom("predict --model m.safetensors --data one.csv --out /dev/stdout");
  ASSERT_EQ(run.status, 0) << run.err;
  EXPECT_EQ(run.out, read("out.csv"));
  EXPECT_EQ(run.err, "/dev/stdout: 1 predictions written\n");
}

TEST_F(PredictCommand, StopsAtABadRowWithoutLeavingAFile) {
  write("ragged.csv", "a,b,colour\n1,2,red\n5,0.5\n");
  const Outcome run = slalom("predict --model m.safetensors --data ragged.csv --out out.csv");
  EXPECT_EQ(run.status, 65);
  EXPECT_EQ(run.err, "slalom: ragged.csv, line 3: found 2 fields, expected 3\n");
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    if (entry.path().filename().string().find("out") != std::string::npos) ++files;
  }
  EXPECT_EQ(files, 1);  // .stdout
}

TEST_F(PredictCommand, RefusesATruncatedModel) {
  const std::string model = read("m.safetensors");
  write("broken.safetensors", model.substr(0, model.size() / 2));
  write("one.csv", "a,b,colour\n1,2,red\n");
  const Outcome run = slalom("predict --model broken.safetensors --data one.csv --out out.csv");
  EXPECT_EQ(run.status, 65);
  EXPECT_NE(run.err.find("broken.safetensors"), std::string::npos);
  EXPECT_FALSE(exists("out.csv"));
}

TEST_F(PredictCommand, WritesParquetAndNpy) {
  write("one.csv", "a,b,colour\n1,2,red\n");
  EXPECT_EQ(slalom("predict --model m.safetensors --data one.csv --out out.parquet").status, 0);
  EXPECT_EQ(read("out.parquet").substr(0, 4), "PAR1");
  EXPECT_EQ(slalom("predict --model m.safetensors --data one.csv --out out.npy").status, 0);
  EXPECT_EQ(read("out.npy").substr(1, 5), "NUMPY");
}

}  // namespace
}  // namespace slalom::testing
