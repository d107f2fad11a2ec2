// SPDX-License-Identifier: Apache-2.0
// The bytes of event files, and folders that cannot be written to.
#include "report/tensorboard/event_log.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "report/tensorboard/crc32c.hpp"
#include "support/message_of.hpp"

namespace slalom::report {
namespace {

namespace fs = std::filesystem;

class EventLogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "slalom_event_log_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  fs::path folder_;
};

TEST(Crc32c, GivesThePublishedValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
  EXPECT_EQ(crc32c(std::string(32, '\xFF')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

TEST(Framed, PutsLengthAndChecksumsAroundTheRecord) {
  const std::string text = framed("abc");
  ASSERT_EQ(text.size(), 8U + 4U + 3U + 4U);
  EXPECT_EQ(text.substr(0, 8), std::string("\3\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(text.substr(12, 3), "abc");
}

TEST_F(EventLogTest, HandsOverEveryEpochAtOnce) {
  EventLog log({.flag = "--tensorboard", .folder = (folder_ / "new" / "run").string()});
  const fs::path file = fs::directory_iterator(folder_ / "new" / "run")->path();
  const auto before = fs::file_size(file);
  log.on_epoch({.epoch = 1, .epochs = 2});
  EXPECT_GT(fs::file_size(file), before);
}

TEST_F(EventLogTest, RefusesAFolderThatCannotBe) {
  std::ofstream(folder_ / "file") << "text";
  const std::string path = (folder_ / "file").string();
  EXPECT_EQ(testing::message_of<OutputError>([&] { EventLog({.flag = "--tensorboard", .folder = path}); }),
            "--tensorboard: " + path + ": cannot create the folder: Not a directory");
}

TEST_F(EventLogTest, ReportsAFileThatCannotBeExtended) {
  EventLog log({.flag = "--tensorboard", .folder = folder_.string()});
  const fs::path file = fs::directory_iterator(folder_)->path();
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_EQ(testing::message_of<OutputError>([&] { log.on_epoch({.epoch = 1}); }),
            "--tensorboard: " + file.string() + " cannot be written (disk full?)");
}

}  // namespace
}  // namespace slalom::report
