// SPDX-License-Identifier: Apache-2.0
// The same numbers in any file format train the same model, byte for byte, and predictions read back from any format.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <vector>

#include <slalom/table.hpp>

#include "cli/command_line.hpp"
#include "data/table_writer.hpp"

namespace slalom::testing {
namespace {

constexpr int kRows = 60;

class Formats : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    TestNumbers numbers(5);
    const auto next = [&numbers] { return std::floor(4096.0 * numbers.next()) / 64.0; };  // few digits: exact as text
    for (int i = 0; i < kRows; ++i) {
      a_.push_back(next() + 0.015625);
      b_.push_back(next() + 0.015625);
      y_.push_back(2.0 * a_.back() - b_.back());
    }
  }

  /// Writes the columns under these names; the file name gives the format.
  void write_columns(const std::string& file, const std::vector<std::string>& names,
                     const std::vector<std::vector<double>>& values) const {
    std::vector<OutputColumn> heads;
    std::vector<Column> columns;
    for (std::size_t i = 0; i < names.size(); ++i) {
      heads.push_back({names[i], false});
      columns.emplace_back(names[i], NumericColumn{values[i]});
    }
    const auto writer = TableWriter::create((folder() / file).string(), std::move(heads));
    writer->write(columns);
    writer->finish();
  }

  /// The model file that training on `data` gives.
  std::string model_of(const std::string& data, const std::string& target, const std::string& flags = "") {
    const Outcome run =
        slalom("train --data " + data + " --target " + target + " --epochs 3 --quiet --out m.safetensors " + flags);
    EXPECT_EQ(run.status, 0) << data << ": " << run.err;
    return read("m.safetensors");
  }

  std::vector<double> a_, b_, y_;
};

TEST_F(Formats, TrainTheSameModel) {
  for (const char* file : {"t.csv", "t.tsv", "t.parquet", "t.feather", "t.arrow"}) {
    write_columns(file, {"x0", "x1", "y"}, {a_, b_, y_});
  }
  const std::string expected = model_of("t.csv", "y");
  ASSERT_FALSE(expected.empty());
  for (const char* file : {"t.tsv", "t.parquet", "t.feather", "t.arrow"}) {
    EXPECT_TRUE(model_of(file, "y") == expected) << file;
    EXPECT_TRUE(model_of(file, "-1") == expected) << file;
  }
  ASSERT_EQ(std::system(("cd '" + folder().string() + "' && gzip -k t.csv t.tsv && cp t.parquet odd.data").c_str()), 0);
  EXPECT_TRUE(model_of("t.csv.gz", "y") == expected);
  EXPECT_TRUE(model_of("t.tsv.gz", "y") == expected);
  EXPECT_TRUE(model_of("odd.data", "y", "--format parquet") == expected);

  std::string semicolons = read("t.csv");
  for (char& c : semicolons) c = c == ',' ? ';' : c;
  write("semicolons.txt", semicolons);
  EXPECT_TRUE(model_of("semicolons.txt", "y") == expected);
  EXPECT_TRUE(model_of("semicolons.txt", "y", "--delimiter semicolon") == expected);

  write_columns("x.npy", {"x0", "x1"}, {a_, b_});
  write_columns("y.npy", {"y"}, {y_});
  EXPECT_TRUE(model_of("x.npy", "y", "--targets-file y.npy") == expected);
}

TEST_F(Formats, TrainTheSameModelWithoutNames) {
  write_columns("t.csv", {"c0", "c1", "c2"}, {a_, b_, y_});
  const std::string named = read("t.csv");
  write("bare.csv", named.substr(named.find('\n') + 1));
  EXPECT_TRUE(model_of("bare.csv", "2", "--no-header") == model_of("t.csv", "c2"));
}

TEST_F(Formats, LibsvmTrainsTheSameModelAsItsTable) {
  write_columns("t.csv", {"label", "f1", "f2"}, {y_, a_, b_});
  const Table table = read_table((folder() / "t.csv").string());
  std::ofstream svm(folder() / "t.libsvm");
  svm.precision(17);
  for (std::size_t i = 0; i < y_.size(); ++i) svm << y_[i] << " 1:" << a_[i] << " 2:" << b_[i] << " \n";
  svm.close();
  EXPECT_TRUE(model_of("t.libsvm", "label") == model_of("t.csv", "label"));
}

TEST_F(Formats, PredictionsReadBackTheSameFromEveryFormat) {
  write_columns("t.csv", {"x0", "x1", "y"}, {a_, b_, y_});
  model_of("t.csv", "y");
  std::vector<double> expected;
  for (const char* out : {"p.csv", "p.tsv", "p.parquet", "p.feather", "p.npy"}) {
    const Outcome run = slalom(std::string("predict --model m.safetensors --data t.csv --out ") + out);
    ASSERT_EQ(run.status, 0) << run.err;
    const std::vector<double> found = read_table((folder() / out).string()).columns.at(0).numeric().values;
    ASSERT_EQ(found.size(), static_cast<std::size_t>(kRows));
    if (expected.empty()) expected = found;
    EXPECT_EQ(found, expected) << out;
  }
}

}  // namespace
}  // namespace slalom::testing
