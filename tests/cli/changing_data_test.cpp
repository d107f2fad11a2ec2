// SPDX-License-Identifier: Apache-2.0
// Data files that change while a command reads them, at every single read: a plain error, or the table as it was; never a mixture.
#include <chrono>
#include <filesystem>
#include <string>

#include "cli/command_line.hpp"

namespace slalom::testing {
namespace {

class ChangingData : public CommandLine {
 protected:
  void SetUp() override {
    CommandLine::SetUp();
    if (shell("'" SLALOM_HELD_CALL "' read 1 0 true /bin/true").status != 0) {
      GTEST_SKIP() << "this system lets no process watch calls";
    }
  }

  /// Runs slalom; just before its n-th `call` of a large part, `command` is run.
  [[nodiscard]] Outcome held(const std::string& call, int n, const std::string& command,
                             const std::string& arguments) const {
    return shell("'" SLALOM_HELD_CALL "' " + call + " " + std::to_string(n) + " '" + command +
                 "' '" SLALOM_BINARY "' " + arguments);
  }

  /// Runs `train` with `data` changed by `change` before its first, second, ... `call`, until there are no more of
  /// them. Every run in which the change came must end in an error that begins with `message` and leave no model.
  void expect_error_at_every_read(const std::string& data, const std::string& call, const std::string& change,
                                  const std::string& message, int least_reads) const {
    const std::string command = "train --quiet --epochs 1 --device cpu --threads 1 --out m.safetensors" + flags(data);
    ASSERT_EQ(shell("cp -p " + data + " original && rm -f m.safetensors").status, 0);
    int n = 0;
    bool reached = true;
    while (reached) {
      ASSERT_EQ(shell("cp -p original restored && mv restored " + data).status, 0);
      const Outcome run = held(call, ++n, change + "; touch reached", command);
      reached = exists("reached");
      if (!reached) {
        EXPECT_EQ(run.status, 0) << run.err;
        break;
      }
      ASSERT_EQ(run.status, kIo) << "changed before read " << n << " of " << data << ": " << run.err;
      EXPECT_TRUE(run.err.starts_with("slalom: " + data + ": changed while it was read: it " + message)) << run.err;
      EXPECT_FALSE(exists("m.safetensors"));
      std::filesystem::remove(folder() / "reached");
    }
    EXPECT_GT(n, least_reads) << data << " was read in fewer parts than the test is about";
  }

  static std::string flags(const std::string& data) {
    const std::string read = " --data " + data + " --target ";
    if (data.ends_with(".libsvm")) return read + "label";
    if (data.ends_with(".npy")) return read + "-1";
    return read + (data.ends_with(".csv") ? "y" : "probability_red");
  }

  /// Writes a file that was last changed an hour ago.
  void write_old(const std::string& name, const std::string& content) const {
    write(name, content);
    make_old(name);
  }
  void make_old(const std::string& name) const {
    std::filesystem::last_write_time(folder() / name,
                                     std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  }
};

TEST_F(ChangingData, CsvIsNeverMixed) {
  write_old("plane.csv", plane_csv(60000));
  expect_error_at_every_read("plane.csv", "read 65536", "truncate -s 50000 plane.csv",
                             "has become shorter: found 50000 bytes, expected ", 3);
  expect_error_at_every_read("plane.csv", "read 65536", "echo 1,2,red,3 >> plane.csv", "has grown: found ", 3);
  expect_error_at_every_read("plane.csv", "read 65536", "touch plane.csv", "was written to: last changed ", 3);
  expect_error_at_every_read("plane.csv", "read 65536", "rm plane.csv", "was removed\n", 3);
}

TEST_F(ChangingData, CsvThatIsReadTwiceIsNeverMixed) {
  // Text behind a mebibyte of numbers: the kinds of the columns are known at the end only, and the file is read again.
  std::string text = "a,y\n";
  for (int i = 0; i < 150000; ++i) text += std::to_string(i % 10) + ",1.25\n";
  for (int i = 0; i < 150000; ++i) text += "red,1.5\n";
  write_old("late.csv", text);
  expect_error_at_every_read("late.csv", "read 65536", "sed s/red/lilac/ late.csv > new && mv new late.csv",
                             "was replaced by another file\n", 5);
}

TEST_F(ChangingData, LibsvmIsNeverMixed) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += std::to_string(i % 7) + " 1:" + std::to_string(i % 5) + " 3:0.5\n";
  write_old("a.libsvm", text);
  expect_error_at_every_read("a.libsvm", "read 65536", "truncate -s 100 a.libsvm",
                             "has become shorter: found 100 bytes, expected ", 4);
  expect_error_at_every_read("a.libsvm", "read 65536", "echo 1 9:1 >> a.libsvm", "has grown: found ", 4);
}

TEST_F(ChangingData, NpyIsNeverMixed) {
  constexpr int kRows = 100000;
  std::string dictionary = "{'descr': '|i1', 'fortran_order': True, 'shape': (" + std::to_string(kRows) + ", 3), }";
  dictionary.append(static_cast<std::size_t>(117) - dictionary.size(), ' ').append("\n");
  std::string data;
  for (int i = 0; i < 3 * kRows; ++i) data += static_cast<char>(i % 50 + i % 3);
  write_old("t.npy", std::string("\x93NUMPY\x01\x00\x76\x00", 10) + dictionary + data);
  expect_error_at_every_read("t.npy", "pread64 1024", "truncate -s 2000 t.npy",
                             "has become shorter: found 2000 bytes, expected 300128\n", 3);
  expect_error_at_every_read("t.npy", "pread64 1024", "truncate -s 0 t.npy",
                             "has become shorter: found 0 bytes, expected 300128\n", 3);
}

TEST_F(ChangingData, ParquetAndFeatherAreNeverMixed) {
  write("plane.csv", plane_csv(3000));
  ASSERT_EQ(
      slalom("train --data plane.csv --target colour --model logistic --quiet --epochs 1 --out colour.safetensors")
          .status,
      0);
  for (const std::string data : {"p.parquet", "p.feather"}) {
    ASSERT_EQ(slalom("predict --model colour.safetensors --data plane.csv --out " + data).status, 0);
    make_old(data);
    expect_error_at_every_read(data, "pread64 1024", "truncate -s 2000 " + data, "has become shorter: found 2000 ", 1);
    expect_error_at_every_read(data, "pread64 1024", "touch " + data, "was written to: last changed ", 1);
  }
}

TEST_F(ChangingData, APredictionIsNotWritten) {
  write_old("plane.csv", plane_csv(60000));
  ASSERT_EQ(slalom("train --data plane.csv --target y --quiet --epochs 1 --out m.safetensors").status, 0);
  const Outcome run = held("read 65536", 3, "truncate -s 1000000 plane.csv",
                           "predict --model m.safetensors --data plane.csv --out p.csv");
  EXPECT_EQ(run.status, kIo) << run.err;
  EXPECT_FALSE(exists("p.csv"));
}

}  // namespace
}  // namespace slalom::testing
