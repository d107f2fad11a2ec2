// SPDX-License-Identifier: Apache-2.0
// The folder of checkpoints: what is in it, what is removed, and who may use it.
#include "train/checkpoint_folder.hpp"

#include <filesystem>

#include <gtest/gtest.h>

#include <slalom/error.hpp>

#include "data/temp_files.hpp"
#include "support/message_of.hpp"

namespace slalom::training {
namespace {

using testing::message_of;
using testing::TempFolder;

std::vector<std::string> names_of(const CheckpointFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : folder.entries()) names.push_back(entry.name);
  return names;
}

TEST(CheckpointFolder, ListsCheckpointsBySteps) {
  const TempFolder temp;
  (void)temp.file("step-000000000100.safetensors", "");
  (void)temp.file("step-1000000000000000.safetensors", "");
  (void)temp.file("step-000000000020.safetensors", "");
  for (const char* other : {"step-.safetensors", "step-1x.safetensors", "step-5.safetensors.damaged",
                            "model.safetensors", "step--5.safetensors", "step-99999999999999999999.safetensors"}) {
    (void)temp.file(other, "");
  }
  const CheckpointFolder folder(temp.path(""));
  EXPECT_EQ(names_of(folder),
            (std::vector<std::string>{"step-000000000020.safetensors", "step-000000000100.safetensors",
                                      "step-1000000000000000.safetensors"}));
  EXPECT_EQ(folder.entries()[1].steps, 100);
  EXPECT_EQ(CheckpointFolder::name_of(100), "step-000000000100.safetensors");
}

TEST(CheckpointFolder, KeepsTheNewestAndTheBest) {
  const TempFolder temp;
  const CheckpointFolder folder(temp.path("new/deep"));
  for (int i = 1; i <= 6; ++i) (void)temp.file("new/deep/" + CheckpointFolder::name_of(i), "");
  (void)temp.file("new/deep/notes.txt", "");
  folder.prune(2, CheckpointFolder::name_of(3));
  EXPECT_EQ(names_of(folder), (std::vector<std::string>{CheckpointFolder::name_of(3), CheckpointFolder::name_of(5),
                                                        CheckpointFolder::name_of(6)}));
  EXPECT_TRUE(std::filesystem::exists(temp.path("new/deep/notes.txt")));
  folder.prune(100, "");
  EXPECT_EQ(names_of(folder).size(), 3U);
}

TEST(CheckpointFolder, RemovesWhatInterruptedWritesLeft) {
  const TempFolder temp;
  (void)temp.file(".step-000000000020.safetensors.77.0.tmp", "half");
  (void)temp.file(".other.tmp", "mine");
  const CheckpointFolder folder(temp.path(""));
  EXPECT_FALSE(std::filesystem::exists(temp.path(".step-000000000020.safetensors.77.0.tmp")));
  EXPECT_TRUE(std::filesystem::exists(temp.path(".other.tmp")));
}

TEST(CheckpointFolder, SetsDamagedFilesAside) {
  const TempFolder temp;
  const std::string name = CheckpointFolder::name_of(5);
  (void)temp.file(name, "damaged");
  const CheckpointFolder folder(temp.path(""));
  EXPECT_TRUE(folder.set_aside(name));
  EXPECT_TRUE(folder.entries().empty());
  EXPECT_EQ(testing::file_content(temp.path(name + ".damaged")), "damaged");
  EXPECT_FALSE(folder.set_aside(name));
}

TEST(CheckpointFolder, OneRunAtATime) {
  const TempFolder temp;
  {
    const CheckpointFolder first(temp.path("ck"));
    EXPECT_EQ(
        message_of<UsageError>([&] { const CheckpointFolder second(temp.path("ck/")); }),
        "--checkpoint-dir: " + temp.path("ck") + ": found another run that uses it, expected a folder of its own");
  }
  const CheckpointFolder third(temp.path("ck"));
}

TEST(CheckpointFolder, SaysWhyAFolderIsOfNoUse) {
  const TempFolder temp;
  const std::string file = temp.file("file", "");
  EXPECT_EQ(message_of<OutputError>([&] { const CheckpointFolder folder(file); }),
            "--checkpoint-dir: " + file + ": is a file, expected a folder");
  EXPECT_EQ(message_of<OutputError>([&] { const CheckpointFolder folder(file + "/below"); }),
            "--checkpoint-dir: " + file + "/below: cannot be made: Not a directory");
}

}  // namespace
}  // namespace slalom::training
