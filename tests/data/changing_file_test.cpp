// SPDX-License-Identifier: Apache-2.0
// Files that are cut, lengthened, overwritten, replaced or removed between two pieces of them: always the same error, in every format.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "data/reading.hpp"
#include "data/table_writer.hpp"
#include "data/temp_files.hpp"
#include "slalom/table.hpp"

namespace slalom {
namespace {

using testing::message_of;
using testing::TempFolder;

constexpr int kPieces = 12;  // far more than are read ahead
constexpr int kPieceRows = 20000;
constexpr std::int64_t kBlockBytes = std::int64_t{1} << 16;

/// Two columns of numbers, written piece by piece so that every format has several parts.
void write_numbers(const std::string& path) {
  const auto writer = TableWriter::create(path, {{.name = "x0"}, {.name = "x1"}});
  for (int piece = 0; piece < kPieces; ++piece) {
    NumericColumn x0, x1;
    for (int row = 0; row < kPieceRows; ++row) {
      x0.values.push_back(piece + 0.5);
      x1.values.push_back(row + 0.25);
    }
    writer->write({Column("x0", std::move(x0)), Column("x1", std::move(x1))});
  }
  writer->finish();
}

void write_libsvm(const std::string& path) {
  std::ofstream out(path);
  for (int row = 0; row < kPieces * kPieceRows; ++row) out << "1 1:" << row % 9 << " 2:0.5\n";
}

/// A file that is to be read, last written an hour ago.
struct Subject {
  std::string path;
  ReadOptions options;
};

Subject make_subject(const std::string& format, const TempFolder& folder) {
  Subject subject{.path = folder.path("t." + format), .options = {.block_bytes = kBlockBytes}};
  if (format == "libsvm") {
    write_libsvm(subject.path);
  } else if (format == "csv.gz") {
    const std::string plain = folder.path("t.csv");
    write_numbers(plain);
    EXPECT_EQ(std::system(("gzip -1 '" + plain + "'").c_str()), 0);
  } else {
    write_numbers(subject.path);
  }
  std::filesystem::last_write_time(subject.path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  return subject;
}

/// Reads `subject` in pieces and calls `change` after the first; the error without the path, "" if there is none.
template <class Change>
std::string error_after(const Subject& subject, const std::string& path, const Change& change) {
  int n_pieces = 0;
  const std::string message = message_of(
      [&] {
        stream_table(subject.path, subject.options, [&](const Table&) {
          if (n_pieces++ == 0) change();
        });
      },
      ExitCode::kIo);
  EXPECT_EQ(n_pieces, 1) << "rows that were read after the change were handed on";
  EXPECT_TRUE(message.starts_with(path + ": changed while it was read: it ")) << message;
  return message.substr(std::min(message.size(), message.find(": it ") + 2));
}

class ChangingFile : public ::testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] std::string error_after(const std::function<void(const std::string& path)>& change) const {
    return slalom::error_after(subject_, subject_.path, [&] { change(subject_.path); });
  }
  [[nodiscard]] std::uintmax_t size() const { return std::filesystem::file_size(subject_.path); }

  TempFolder folder_;
  Subject subject_ = make_subject(GetParam(), folder_);
};

TEST_P(ChangingFile, ThatIsCutIsAnError) {
  const auto before = size();
  EXPECT_EQ(
      error_after([&](const std::string& path) { std::filesystem::resize_file(path, before / 2); }),
      "it has become shorter: found " + std::to_string(before / 2) + " bytes, expected " + std::to_string(before));
}

TEST_P(ChangingFile, ThatIsEmptiedIsAnError) {
  const auto before = size();
  EXPECT_EQ(error_after([&](const std::string& path) { std::filesystem::resize_file(path, 0); }),
            "it has become shorter: found 0 bytes, expected " + std::to_string(before));
}

TEST_P(ChangingFile, ThatGrowsIsAnError) {
  const auto before = size();
  EXPECT_EQ(error_after([](const std::string& path) { std::ofstream(path, std::ios::app) << "1,2\n"; }),
            "it has grown: found " + std::to_string(before + 4) + " bytes, expected " + std::to_string(before));
}

TEST_P(ChangingFile, ThatIsOverwrittenIsAnError) {
  const auto before = size();
  const std::string error = error_after([&](const std::string& path) {
    std::fstream file(path, std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(before / 2)).write("\xFF\xFE\"\0,", 5);
  });
  EXPECT_TRUE(error.starts_with("it was written to: last changed 20")) << error;
  EXPECT_NE(error.find(" UTC, expected 20"), std::string::npos) << error;
  EXPECT_EQ(size(), before);
}

TEST_P(ChangingFile, ThatIsReplacedIsAnError) {
  EXPECT_EQ(error_after([&](const std::string& path) {
              const std::string other = folder_.path("other");
              std::filesystem::copy_file(path, other);
              std::filesystem::rename(other, path);
            }),
            "it was replaced by another file");
}

TEST_P(ChangingFile, ThatIsRemovedIsAnError) {
  EXPECT_EQ(error_after([](const std::string& path) { std::filesystem::remove(path); }), "it was removed");
}

INSTANTIATE_TEST_SUITE_P(Formats, ChangingFile,
                         ::testing::Values("csv", "csv.gz", "libsvm", "npy", "parquet", "feather"),
                         [](const auto& test) {
                           const std::string name = test.param;
                           return name == "csv.gz" ? std::string("gzip") : name;
                         });

TEST(ChangingTargets, AreAnError) {
  const TempFolder folder;
  Subject x = make_subject("npy", folder);
  x.options.targets_path = folder.path("y.npy");
  std::filesystem::copy_file(x.path, x.options.targets_path);
  const std::string& targets = x.options.targets_path;
  EXPECT_TRUE(error_after(x, targets, [&] {
                std::filesystem::resize_file(targets, 200);
              }).starts_with("it has become shorter: found 200 bytes"));
}

TEST(ChangingFolder, AFileBesideTheDataMayChange) {
  const TempFolder folder;
  const Subject x = make_subject("csv", folder);
  std::int64_t n_rows = 0;
  stream_table(x.path, x.options, [&](const Table& piece) {
    (void)folder.file("beside.csv", std::to_string(n_rows));
    n_rows += piece.n_rows;
  });
  EXPECT_EQ(n_rows, std::int64_t{kPieces} * kPieceRows);
}

}  // namespace
}  // namespace slalom
