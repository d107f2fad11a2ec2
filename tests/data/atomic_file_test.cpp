// SPDX-License-Identifier: Apache-2.0
// AtomicFile: complete files or none, and errors before work starts.
#include "data/atomic_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "data/temp_files.hpp"
#include "slalom/error.hpp"

namespace slalom {
namespace {

using testing::file_content;
using testing::TempFolder;

template <class Action>
OutputError output_error(const Action& action) {
  try {
    action();
  } catch (const OutputError& error) {
    return error;
  }
  ADD_FAILURE() << "no OutputError was thrown";
  return OutputError("none");
}

TEST(AtomicFile, AppearsOnlyWhenCommitted) {
  const TempFolder folder;
  const std::string path = folder.path("out.txt");
  AtomicFile file(path);
  file.write("hello ");
  file.write("world");
  EXPECT_EQ(file.size(), 11);
  EXPECT_FALSE(std::filesystem::exists(path));
  file.commit();
  EXPECT_EQ(file_content(path), "hello world");
  EXPECT_EQ(folder.count_files(), 1U);
}

TEST(AtomicFile, KeepsTheOldFileWhenAbandoned) {
  const TempFolder folder;
  const std::string path = folder.file("out.txt", "old");
  {
    AtomicFile file(path);
    file.write(std::string(1'000'000, 'x'));
  }
  EXPECT_EQ(file_content(path), "old");
  EXPECT_EQ(folder.count_files(), 1U);
}

TEST(AtomicFile, WritesLargeAndSmallPiecesInOrder) {
  const TempFolder folder;
  std::string expected;
  AtomicFile file(folder.path("out.bin"));
  for (std::size_t i = 0; i < 40; ++i) {
    const std::string piece(i * 9973, static_cast<char>('a' + i % 26));
    file.write(piece);
    expected += piece;
  }
  file.overwrite(5, "HEADER");
  expected.replace(5, 6, "HEADER");
  file.commit();
  EXPECT_EQ(file_content(folder.path("out.bin")), expected);
}

TEST(AtomicFile, KeepsThePermissionsOfAReplacedFile) {
  const TempFolder folder;
  const std::string path = folder.file("out.txt", "old");
  const auto mode = std::filesystem::perms::owner_read | std::filesystem::perms::owner_write;
  std::filesystem::permissions(path, mode);
  AtomicFile file(path);
  file.write("new");
  file.commit();
  EXPECT_EQ(std::filesystem::status(path).permissions(), mode);
}

TEST(AtomicFile, FollowsASymbolicLink) {
  const TempFolder folder;
  const std::string real = folder.file("real.txt", "old");
  std::filesystem::create_symlink(real, folder.path("link.txt"));
  AtomicFile file(folder.path("link.txt"));
  file.write("new");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_symlink(folder.path("link.txt")));
  EXPECT_EQ(file_content(real), "new");
}

TEST(AtomicFile, NamesAMissingFolder) {
  const TempFolder folder;
  const std::string path = folder.path("none/out.txt");
  const OutputError error = output_error([&] { const AtomicFile file(path); });
  EXPECT_EQ(error.what(), path + ": cannot be written: there is no directory " + folder.path("none"));
  EXPECT_EQ(error.code(), ExitCode::kCannotCreate);
}

TEST(AtomicFile, RefusesAFolderAndAnEmptyName) {
  const TempFolder folder;
  EXPECT_EQ(output_error([&] { const AtomicFile file(folder.path("")); }).what(),
            folder.path("") + ": cannot be written: it is a directory");
  EXPECT_STREQ(output_error([&] { const AtomicFile file(""); }).what(),
               "\"\": cannot be written: the file name is empty");
}

TEST(AtomicFile, ReportsAFullDiskWithTheIoExitCode) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this system has no /dev/full";
  AtomicFile file("/dev/full");
  file.write("x");
  const OutputError error = output_error([&] { file.commit(); });
  EXPECT_STREQ(error.what(), "/dev/full: writing failed after 1 bytes: No space left on device");
  EXPECT_EQ(error.code(), ExitCode::kIo);
}

TEST(AtomicFile, WritesADeviceDirectly) {
  AtomicFile file("/dev/null");
  file.write("x");
  file.commit();
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

}  // namespace
}  // namespace slalom
