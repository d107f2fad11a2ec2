// SPDX-License-Identifier: Apache-2.0
// What is left of a run whose device fails: the newest checkpoint, even if it could not be written at first.
#include "train/checkpointer.hpp"

#include <filesystem>

#include <gmock/gmock.h>

#include <slalom/error.hpp>

#include "data/temp_files.hpp"
#include "train/checkpoint_file.hpp"
#include "train/fake_backend.hpp"

namespace slalom {
namespace {

using testing::FakeBackend;
using testing::TempFolder;

/// Trains 9 steps, an epoch and a checkpoint each, until the device fails; `before_step` is called before every step.
/// Returns what after_failure() says.
std::string train_until_it_fails(const std::string& folder, const std::function<void(std::int64_t)>& before_step,
                                 bool chosen) {
  FakeBackend backend(1, [&](auto, std::int64_t step, auto) {
    before_step(step);
    if (step == 9) throw DeviceError("the device is gone", ExitCode::kDevice);
    return 1.0;
  });
  Dataset data;
  data.n_rows = 4;
  TrainerConfig config;
  config.batch_size = 4;
  config.epochs = 20;
  config.guard.on = false;
  const CheckpointOptions options{.folder = folder,
                                  .interval = {.count = 1, .unit = CheckpointInterval::Unit::kEpochs}};
  training::Checkpointer checkpointer(options, {{"--device", "cuda"}}, {});
  Observer* const observers[] = {&checkpointer};
  EXPECT_THROW(train(backend, data, nullptr, config, {}, observers, nullptr, &checkpointer), DeviceError);
  return checkpointer.after_failure(chosen);
}

TEST(Checkpointer, NamesTheNewestCheckpointAfterAFailure) {
  const TempFolder temp;
  const std::string folder = temp.path("ck");
  EXPECT_EQ(
      train_until_it_fails(
          folder, [](std::int64_t) {}, false),
      "; " + folder + "/step-000000000009.safetensors is saved, and the same command with --resume goes on from there");
}

TEST(Checkpointer, NamesTheDeviceThatThePersonDidNot) {
  const TempFolder temp;
  EXPECT_THAT(train_until_it_fails(
                  temp.path("ck"), [](std::int64_t) {}, true),
              ::testing::HasSubstr("the same command with --resume --device cuda goes on"));
}

TEST(Checkpointer, WritesAfterAFailureWhatItCouldNotWriteBefore) {
  const TempFolder temp;
  const std::string folder = temp.path("ck");
  const auto hide_folder = [&](std::int64_t step) {
    if (step == 6) std::filesystem::rename(folder, folder + ".away");
    if (step == 9) std::filesystem::rename(folder + ".away", folder);
  };
  const std::string said = train_until_it_fails(folder, hide_folder, false);
  const std::string newest = folder + "/step-000000000009.safetensors";
  EXPECT_THAT(said, ::testing::HasSubstr(newest + " is saved"));
  EXPECT_EQ(training::read_checkpoint(newest).steps(), 9);
}

TEST(Checkpointer, SaysThatTheFolderIsGone) {
  const TempFolder temp;
  const std::string folder = temp.path("ck");
  const auto remove = [&](std::int64_t step) {
    if (step == 0) std::filesystem::remove_all(folder);
  };
  EXPECT_EQ(train_until_it_fails(folder, remove, false), "; " + folder + ": cannot be read: No such file or directory");
}

}  // namespace
}  // namespace slalom
