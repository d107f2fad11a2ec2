// SPDX-License-Identifier: Apache-2.0
// What AtomicFile asks of the system, and in which order: this program has its own fsync and rename in place of the C library's.
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "data/atomic_file.hpp"
#include "data/temp_files.hpp"

namespace {

std::vector<std::string>& calls() {
  static std::vector<std::string> made;
  return made;
}

}  // namespace

extern "C" int fsync(int descriptor) {
  struct stat status {};
  const bool is_folder = ::fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
  calls().emplace_back(is_folder ? "fsync of the folder" : "fsync of " + std::to_string(status.st_size) + " bytes");
  return static_cast<int>(::syscall(SYS_fsync, descriptor));
}

extern "C" int rename(const char* from, const char* to) noexcept {
  calls().emplace_back("rename");
  return ::renameat(AT_FDCWD, from, AT_FDCWD, to);
}

namespace slalom {
namespace {

using testing::file_content;
using testing::TempFolder;

/// Whenever the power fails, the name stands for the old content or for all of the new.
TEST(DurableFile, IsOnTheDiskBeforeItHasItsNameAndItsNameAfterwards) {
  const TempFolder folder;
  const std::string path = folder.path("out.txt");
  for (const std::string content : {"first", "second time"}) {
    AtomicFile file(path);
    file.write(content);
    calls().clear();
    file.commit();
    EXPECT_EQ(calls(), (std::vector<std::string>{"fsync of " + std::to_string(content.size()) + " bytes", "rename",
                                                 "fsync of the folder"}));
    EXPECT_EQ(file_content(path), content);
  }
}

}  // namespace
}  // namespace slalom
